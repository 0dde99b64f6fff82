use super::document::Procedure;
use super::goal::Goal;
use super::{administrator, migrate, retire};
use crate::error::Result;
use crate::groups::ExchangeGroups;

/// The procedure toward a goal, as the tenant is now.
pub(super) async fn derive(groups: &ExchangeGroups, goal: &Goal) -> Result<Procedure> {
    match goal {
        Goal::Retire(retire) => Box::pin(retire::derive(groups, retire)).await,
        Goal::Administrator(administrator) => Box::pin(administrator::derive(groups, administrator)).await,
        Goal::Migrate(migrate) => Box::pin(migrate::derive(groups, migrate)).await,
    }
}

impl ExchangeGroups {
    /// Derives the procedure toward a goal from the tenant as it is now. Nothing is changed: this is the dry run.
    ///
    /// # Permissions
    ///
    /// As [`observe`](Self::observe).
    ///
    /// # Errors
    ///
    /// As [`observe`](Self::observe). A blocking issue is not an error but a finding of the procedure.
    pub async fn procedure(&self, goal: impl Into<Goal>) -> Result<Procedure> {
        derive(self, &goal.into()).await
    }
}
