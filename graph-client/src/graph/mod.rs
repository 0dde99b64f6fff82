//! Microsoft Graph: one module per resource.
//!
//! Rows are decoded leniently: everything but an id may be absent, because `$select`, old records and national clouds
//! leave things out.

mod calendar;
mod error;
mod organization;
mod places;
mod service_principals;

pub use self::calendar::{Calendars, DateTimeTimeZone, Event};
pub(crate) use self::error::classify;
pub use self::organization::{Organization, Organizations, VerifiedDomain};
pub use self::places::{Room, Rooms};
pub use self::service_principals::{AppRole, AppRoleAssignment, ServicePrincipal, ServicePrincipals};

/// Percent-encodes what stands between two slashes of a path.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
        }
    }
    encoded
}
