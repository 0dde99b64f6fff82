//! Other applications of the application's name, or of a name under which the product registers some itself.

use std::collections::BTreeSet;

use graph_client::graph::{Filter, ServicePrincipal};
use graph_client::{List, ServicePrincipalId};

use super::Reader;
use crate::access::{self, Fact, PolicyCoverage, Truth};
use crate::observe::observation::{Namesake, UnreadPart};
use crate::observe::translate;
use crate::restriction;

/// How many applications of one name are looked into.
const MOST: usize = 100;

impl Reader<'_> {
    /// The applications of these names, this one among them; `None` where no name is known.
    pub(super) fn called_alike(&self, own: Option<&str>) -> Option<List<ServicePrincipal>> {
        let names = self.spec.into_iter().flat_map(|spec| &spec.application_names).map(String::as_str);
        let names: BTreeSet<&str> = names.chain(own).filter(|name| !name.is_empty()).collect();
        let filter = names.into_iter().map(|name| Filter::eq("displayName", name)).reduce(Filter::or)?;
        let list = self.client.service_principals().list().filter(filter);
        Some(list.select(&["id", "appId", "displayName", "accountEnabled"]))
    }

    /// What the others of these hold.
    pub(super) async fn namesakes(&mut self, alike: Fact<Vec<ServicePrincipal>>) {
        let mut missing = alike.missing().map(str::to_owned);
        let own = self.application;
        let others = alike.entries().iter().filter(|it| it.app_id != Some(own));
        let mut others: Vec<ServicePrincipal> = others.cloned().collect();
        if others.len() > MOST {
            missing = Some(format!("there are more than {MOST} applications of the name"));
            others.truncate(MOST);
        }
        let principals = self.client.service_principals();
        let mut batch = self.client.batch();
        let wanted: Vec<_> = others.iter().map(|it| batch.add(principals.app_role_assignments(&it.id))).collect();
        let mut pages = if others.is_empty() { None } else { Some(batch.send().await) };
        let mut namesakes = Vec::new();
        for (other, wanted) in others.iter().zip(wanted) {
            let Some(pages) = &mut pages else { break };
            let first = pages.take(wanted);
            let held = self.whole(UnreadPart::Namesakes, first, || principals.app_role_assignments(&other.id)).await;
            match self.namesake(other, held).await {
                Some(namesake) => namesakes.push(namesake),
                None => missing = Some("an application of the name shows no client id".into()),
            }
        }
        namesakes.sort();
        self.seen.namesakes = match (missing, alike) {
            (None, _) => Fact::Read(namesakes),
            (Some(why), Fact::Unread(_)) => Fact::Unread(why),
            (Some(why), _) => Fact::Partly(namesakes, why),
        };
    }

    async fn namesake(
        &mut self,
        other: &ServicePrincipal,
        held: Fact<Vec<graph_client::graph::AppRoleAssignment>>,
    ) -> Option<Namesake> {
        let id: ServicePrincipalId = other.id;
        let application = other.app_id?;
        let offered = self.resources(&held, &Fact::Read(Vec::new())).await;
        let mut facts = access::Facts::new(application, self.seen.facts.date);
        facts.grants = translate::grants(id, &held, &offered);
        let open = |grant: &&access::Grant| {
            let is_covered = grant.row().is_some_and(|row| row.coverage == PolicyCoverage::Documented);
            !is_covered
                || self
                    .restricted
                    .known()
                    .is_none_or(|them| !(them.contains(&application.to_string()) || them.contains("*")))
        };
        let calendar: Vec<&access::Grant> = restriction::calendar_grants(&facts).collect();
        let is_tenant_wide = match (calendar.iter().any(open), self.restricted.missing(), facts.grants.missing()) {
            (true, None, _) => Truth::Yes,
            (true, Some(_), _) | (false, _, Some(_)) => Truth::Unknown,
            (false, _, None) => Truth::No,
        };
        Some(Namesake {
            application,
            name: other.display_name.clone().unwrap_or_default(),
            permissions: calendar.into_iter().map(restriction::grant_name).collect(),
            is_tenant_wide,
        })
    }
}
