//! A product that is not PlaceOS, as its vendor defines it: names, permissions, registration, and the mailboxes that it calls.
#![expect(clippy::print_stdout, reason = "a program prints")]

use exchange_groups::{MailboxUse, Permission, ProductCall, ProductShape, Profile, RegistrationProfile, Restriction};

const READ: ProductCall =
    ProductCall::new("a sign shows a room", "GET /users/{room}/calendar/calendarView", MailboxUse::Room);
const SEND: ProductCall =
    ProductCall::new("a visitor is announced", "POST /users/{sender}/sendMail", MailboxUse::Sender);

const SIGNAGE: Profile = Profile::new("Contoso Signage", "Signage Rooms")
    .description("Room calendars that Contoso Signage shows")
    .permission(Permission::Read)
    .application_names(&["Contoso Signage Connector"])
    .calendars(
        RegistrationProfile::new("Contoso Signage Connector", "Contoso Signage Secret")
            .calendar_permissions(&["Calendars.Read"])
            .application_permissions(&["Place.Read.All"]),
    )
    .shapes(&[
        ProductShape::new("signs", "Signs show rooms", &[READ]),
        ProductShape::new("reception", "Signs show rooms, and visitors are announced", &[READ, SEND]),
    ])
    .longest_propagation("Contoso Signage saw three hours");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let spec = SIGNAGE.spec("signage@contoso.com", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01");
    let spec = spec.owner("exchange.admin@contoso.com").must_not_reach("ceo@contoso.com").build()?;
    let registration = SIGNAGE.calendars.map(|it| it.registration(Restriction::Rbac));
    println!("{}, {registration:?}", spec.name());
    for gap in SIGNAGE.shapes.iter().flat_map(|shape| shape.gaps(&spec, &[])) {
        println!("{gap}");
    }
    Ok(())
}
