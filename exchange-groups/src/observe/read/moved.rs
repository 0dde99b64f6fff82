//! Names that moved from one group to another.

use std::collections::BTreeMap;
use std::time::SystemTime;

use graph_client::exchange::{DistributionGroup, ManagementRoleAssignment};

use crate::access;

/// When role assignments were last changed, and groups made, by their names.
#[derive(Debug, Default)]
pub(crate) struct Names {
    assigned: BTreeMap<String, SystemTime>,
    /// The oldest group of a name, in lower case.
    made: BTreeMap<String, SystemTime>,
}

impl Names {
    pub(crate) fn assigned(&mut self, assignments: &[ManagementRoleAssignment]) {
        self.assigned.extend(
            assignments.iter().filter_map(|it| Some((it.name.clone()?, it.when_changed.as_ref()?.to_system_time()?))),
        );
    }

    pub(super) fn saw(&mut self, group: &DistributionGroup) {
        let made = group.when_created.as_ref().and_then(graph_client::graph::Timestamp::to_system_time);
        if let (Some(name), Some(made)) = (&group.name, made) {
            let oldest = self.made.entry(name.to_ascii_lowercase()).or_insert(made);
            *oldest = made.min(*oldest);
        }
    }

    /// A scope column shows the name that a group had. An assignment that was last changed before the group of that name
    /// was made is over another group, which was called so before.
    pub(crate) fn tell_moved(&self, assignments: &mut [access::RoleAssignment]) {
        for assignment in assignments {
            let access::RoleScope::Group(name) = &assignment.scope else { continue };
            let made = self.made.get(&name.to_ascii_lowercase());
            if let (Some(changed), Some(made)) = (self.assigned.get(&assignment.name), made)
                && changed < made
            {
                let scope = format!("{name} (a group that was called so before the one that is now)");
                assignment.scope = access::RoleScope::Unrecognised(scope);
            }
        }
    }
}
