//! `/directory/administrativeUnits`.

use serde_json::{Value, json};

use super::query::{Entity, Paging};
use super::{GraphCall, GraphError, GraphResult, members};
use crate::access::Unit;
use crate::recipient::RecipientId;
use crate::world::World;

// GUESS: the permissions and the properties are from memory; wrong if the page of the resource differs.
const READ: &[&str] = &["AdministrativeUnit.Read.All", "AdministrativeUnit.ReadWrite.All", "Directory.Read.All"];
const PAGES: Paging = Paging::Token { default: 100, max: 999 };
const ENTITY: Entity =
    Entity { name: "AdministrativeUnit", defaults: &[], sortable: &["displayName"], unsortable: &[] };

pub(crate) fn answer(world: &World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let [what, rest @ ..] = rest else {
        return Err(GraphError::unknown_segment("directory"));
    };
    if !what.eq_ignore_ascii_case("administrativeUnits") {
        return Err(GraphError::unknown_segment(what));
    }
    call.only_get()?;
    call.need(READ)?;
    let units = &world.access.current.units;
    let find = |id: &str| {
        let unit = units.iter().find(|unit| unit.id.to_string().eq_ignore_ascii_case(id));
        unit.ok_or_else(|| GraphError::not_found(id))
    };
    match rest {
        [] => call
            .directory_list("directory/administrativeUnits", units.iter().collect(), PAGES, ENTITY, |unit| row(unit)),
        [id] => Ok(call.entity("directory/administrativeUnits/$entity", &row(find(id)?))),
        [id, what, cast @ ..] if what.eq_ignore_ascii_case("members") => {
            let ids: Vec<RecipientId> = find(id)?.members.iter().copied().collect();
            members::list(world, call, &ids, cast)
        }
        [_, unknown, ..] => Err(GraphError::unknown_segment(unknown)),
    }
}

fn row(unit: &Unit) -> Value {
    json!({
        "id": unit.id,
        "deletedDateTime": null,
        "displayName": unit.name,
        "description": null,
        "isMemberManagementRestricted": null,
        "membershipType": "Assigned",
        "membershipRule": null,
        "membershipRuleProcessingState": null,
        "visibility": null,
    })
}
