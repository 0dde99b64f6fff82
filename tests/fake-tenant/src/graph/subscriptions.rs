//! `/subscriptions`: made, renewed, authorised again and deleted.

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::calendars::reach;
use super::query::Paging;
use super::{GraphCall, GraphError, GraphResult, error};
use crate::access::permissions::Purpose;
use crate::request::Response;
use crate::subscriptions::{LONGEST, Subscription};
use crate::world::World;

const PAGES: Paging = Paging::Token { default: 100, max: 999 };
const LONGEST_STATE: usize = 128;

fn invalid(message: impl Into<String>) -> GraphError {
    error(400, "ValidationError", message)
}

pub(crate) fn answer(world: &mut World, call: &GraphCall<'_>, rest: &[&str]) -> GraphResult {
    let own = call.token.client_id;
    let now = world.now();
    world.subscriptions.retain(|subscription| subscription.expires > now);
    let find = |world: &World, id: &str| {
        // Another application's subscription is not there for this one.
        let same = |held: &Subscription| held.application == own && held.id.to_string().eq_ignore_ascii_case(id);
        world
            .subscriptions
            .iter()
            .position(same)
            .ok_or_else(|| error(404, "ResourceNotFound", "The object was not found."))
    };
    match (call.method(), rest) {
        ("GET", []) => {
            let held = world.subscriptions.iter().filter(|held| held.application == own).cloned().collect();
            call.list("subscriptions", held, PAGES, row)
        }
        ("POST", []) => create(world, call),
        ("GET", [id]) => Ok(call.entity("subscriptions/$entity", &row(&world.subscriptions[find(world, id)?]))),
        ("PATCH", [id]) => {
            let at = find(world, id)?;
            if call.body()?.keys().any(|name| name != "expirationDateTime" && name != "notificationUrl") {
                return Err(invalid("Only expirationDateTime and notificationUrl can be changed."));
            }
            world.subscriptions[at].expires = expiration(call, now)?;
            Ok(call.entity("subscriptions/$entity", &row(&world.subscriptions[at])))
        }
        ("DELETE", [id]) => {
            let at = find(world, id)?;
            world.subscriptions.remove(at);
            Ok(Response::new(204))
        }
        ("POST", [id, what]) if what.eq_ignore_ascii_case("reauthorize") => {
            find(world, id)?;
            Ok(Response::new(204))
        }
        ("GET" | "POST", [_, unknown, ..]) => Err(GraphError::unknown_segment(unknown)),
        _ => Err(GraphError::wrong_method()),
    }
}

fn expiration(call: &GraphCall<'_>, now: Timestamp) -> Result<Timestamp, GraphError> {
    let expires: Timestamp = call
        .field("expirationDateTime")
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| invalid("expirationDateTime is missing or not a date and time."))?;
    if expires <= now {
        return Err(invalid("Subscription expiration must be in the future."));
    }
    if expires.duration_since(now) > LONGEST {
        return Err(invalid("Subscription expiration can only be 10080 minutes in the future."));
    }
    Ok(expires)
}

fn create(world: &mut World, call: &GraphCall<'_>) -> GraphResult {
    let text = |name: &str| {
        call.field(name).filter(|text| !text.is_empty()).ok_or_else(|| invalid(format!("{name} is missing.")))
    };
    let changes: Vec<String> = text("changeType")?.split(',').map(|change| change.trim().to_lowercase()).collect();
    if changes.iter().any(|change| !["created", "updated", "deleted"].contains(&change.as_str())) {
        return Err(invalid("changeType has to be made of created, updated and deleted."));
    }
    let (url, resource) = (text("notificationUrl")?.to_owned(), text("resource")?.to_owned());
    if call.field("clientState").is_some_and(|state| state.len() > LONGEST_STATE) {
        return Err(invalid("clientState is longer than 128 characters."));
    }
    if call.body()?.get("includeResourceData") == Some(&Value::Bool(true)) {
        return Err(invalid("Notifications with resource data are not offered by this tenant."));
    }
    let expires = expiration(call, world.now())?;
    let plain = resource.trim_start_matches('/');
    let segments: Vec<&str> = plain.split('/').collect();
    let user = match segments[..] {
        [users, user, events] | [users, user, _, events]
            if users.eq_ignore_ascii_case("users") && events.eq_ignore_ascii_case("events") =>
        {
            user
        }
        _ => return Err(invalid(format!("Unsupported resource '{resource}'."))),
    };
    // Following needs what reading needs.
    let mailbox = reach(world, call, user, Purpose::READ_CALENDAR)?;
    let subscription = Subscription {
        id: world.fresh_id("subscription"),
        application: call.token.client_id,
        mailbox,
        resource,
        changes,
        url,
        lifecycle_url: call.field("lifecycleNotificationUrl").map(str::to_owned),
        client_state: call.field("clientState").map(str::to_owned),
        expires,
    };
    let row = row(&subscription);
    world.subscriptions.push(subscription);
    Ok(call.created("subscriptions/$entity", &row))
}

fn row(subscription: &Subscription) -> Value {
    json!({
        "id": subscription.id,
        "resource": subscription.resource,
        "applicationId": subscription.application,
        "changeType": subscription.changes.join(","),
        "clientState": null,
        "notificationUrl": subscription.url,
        "notificationQueryOptions": null,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": subscription.expires.to_string(),
        "creatorId": Uuid::nil(),
        "includeResourceData": null,
        "latestSupportedTlsVersion": "v1_2",
        "encryptionCertificate": null,
        "encryptionCertificateId": null,
        "notificationUrlAppId": null,
    })
}
