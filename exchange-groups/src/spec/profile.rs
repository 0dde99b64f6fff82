//! Profiles of products. PlaceOS is a value here, and its name stands nowhere else.

use super::builder::RestrictedCalendarGroupBuilder;
use super::group::{OtherMembers, Permission, RestrictedCalendarGroup, Restriction};
use super::product::{ProductShape, RegistrationProfile};

/// What a product asks of its room group: the defaults of a spec, and what is known of the product.
///
/// A profile is a constant of the program that uses it. The address of the group and the application's client id make a
/// spec of it, in which everything can still be set otherwise.
///
/// # Examples
///
/// ```
/// use exchange_groups::{Permission, Profile};
///
/// const SIGNAGE: Profile = Profile::new("Contoso Signage", "Signage Rooms")
///     .description("Room calendars that Contoso Signage shows")
///     .permission(Permission::Read);
///
/// let spec = SIGNAGE
///     .spec("signage@contoso.com", "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01")
///     .owner("exchange.admin@contoso.com")
///     .must_not_reach("ceo@contoso.com")
///     .build()?;
/// assert_eq!(spec.name().as_str(), "Signage Rooms");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile {
    /// The product.
    pub product: &'static str,
    /// The name of the group.
    pub group_name: &'static str,
    /// The description of the group, which administrators see.
    pub description: Option<&'static str>,
    /// What the product does with the calendars.
    pub permission: Permission,
    /// How its application is restricted.
    pub restriction: Restriction,
    /// What happens to members that the spec does not name.
    pub other_members: OtherMembers,
    /// The names that the product gives applications that it registers itself.
    pub application_names: &'static [&'static str],
    /// The registration of the application that reads calendars.
    pub calendars: Option<RegistrationProfile>,
    /// The registration of the application by which people sign in.
    pub sign_in: Option<RegistrationProfile>,
    /// The ways in which the product can be set up.
    pub shapes: &'static [ProductShape],
    /// The longest propagation that was seen at the product, as a clause: *Contoso Signage saw three hours*.
    pub longest_propagation: Option<&'static str>,
}

impl Profile {
    /// PlaceOS, by its documentation: the group is called *PlaceOS Room Booking*, and the application reads and writes
    /// the calendars of its members.
    ///
    /// The rooms are enough where Staff API signs in with delegated permissions. A tenant with a service account needs
    /// that mailbox as well, and the mailbox that mail is sent from:
    /// [`mailbox`](RestrictedCalendarGroupBuilder::mailbox).
    pub const PLACEOS: Self = Self::new("PlaceOS", "PlaceOS Room Booking")
        .description("Room calendars that PlaceOS may read and write")
        .permission(Permission::ReadWrite)
        .application_names(&["PlaceOS Bookings Visualiser"])
        .calendars(
            RegistrationProfile::new("PlaceOS Bookings Visualiser", "PlaceOS Bookings Visualiser Secret")
                .calendar_permissions(&["Calendars.ReadWrite"])
                .application_permissions(&["User.Read.All", "GroupMember.Read.All", "Place.Read.All"]),
        )
        .sign_in(
            RegistrationProfile::new("PlaceOS User Authentication", "PlaceOS User Auth Secret").delegated_permissions(&[
                "Calendars.ReadWrite",
                "Calendars.ReadWrite.Shared",
                "Group.Read.All",
                "User.Read.All",
                "offline_access",
                "openid",
                "profile",
            ]),
        )
        .shapes(&[
            ProductShape::new(
                "delegated",
                "Modules read rooms as the application, and Staff API acts as whoever is signed in: rooms are enough",
                placeos::ROOMS,
            ),
            ProductShape::new(
                "service_account",
                "Modules and Staff API act as the application, and a service account hosts what is booked there",
                placeos::SERVICE_ACCOUNT,
            ),
            ProductShape::new(
                "application",
                "Staff API acts as the application for everybody, which the one-click consent leaves behind: whoever hosts a \
                 meeting has to be in scope",
                placeos::EVERYBODY,
            ),
        ])
        .longest_propagation("PlaceOS's page says up to twelve hours for a policy");

    /// A product and the name of its group. The application reads calendars and is restricted by RBAC for Applications;
    /// members that the spec does not name are removed.
    #[must_use]
    pub const fn new(product: &'static str, group_name: &'static str) -> Self {
        Self {
            product,
            group_name,
            description: None,
            permission: Permission::Read,
            restriction: Restriction::Rbac,
            other_members: OtherMembers::Remove,
            application_names: &[],
            calendars: None,
            sign_in: None,
            shapes: &[],
            longest_propagation: None,
        }
    }

    /// Sets the description of the group.
    #[must_use]
    pub const fn description(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// Sets what the product does with the calendars.
    #[must_use]
    pub const fn permission(mut self, permission: Permission) -> Self {
        self.permission = permission;
        self
    }

    /// Sets how the application is restricted.
    #[must_use]
    pub const fn restriction(mut self, restriction: Restriction) -> Self {
        self.restriction = restriction;
        self
    }

    /// Sets what happens to members that the spec does not name.
    #[must_use]
    pub const fn other_members(mut self, other_members: OtherMembers) -> Self {
        self.other_members = other_members;
        self
    }

    /// Sets the names that the product gives applications that it registers itself, such as when an administrator
    /// consents to it. A plan and drift look for others of these names.
    #[must_use]
    pub const fn application_names(mut self, names: &'static [&'static str]) -> Self {
        self.application_names = names;
        self
    }

    /// Sets the registration of the application that reads calendars.
    #[must_use]
    pub const fn calendars(mut self, registration: RegistrationProfile) -> Self {
        self.calendars = Some(registration);
        self
    }

    /// Sets the registration of the application by which people sign in.
    #[must_use]
    pub const fn sign_in(mut self, registration: RegistrationProfile) -> Self {
        self.sign_in = Some(registration);
        self
    }

    /// Sets the ways in which the product can be set up, with the calls that it then makes.
    #[must_use]
    pub const fn shapes(mut self, shapes: &'static [ProductShape]) -> Self {
        self.shapes = shapes;
        self
    }

    /// The way of this name in which the product can be set up.
    #[must_use]
    pub fn shape(&self, name: &str) -> Option<&'static ProductShape> {
        self.shapes.iter().find(|shape| shape.name == name)
    }

    /// Sets the longest propagation that was seen at the product, as a clause that plans and proofs quote.
    #[must_use]
    pub const fn longest_propagation(mut self, clause: &'static str) -> Self {
        self.longest_propagation = Some(clause);
        self
    }

    /// Starts a spec with the defaults of the profile.
    pub fn spec(&self, address: impl Into<String>, application: impl Into<String>) -> RestrictedCalendarGroupBuilder {
        let spec = RestrictedCalendarGroup::builder(self.group_name, address, application)
            .permission(self.permission)
            .restriction(self.restriction)
            .other_members(self.other_members);
        let spec = match self.description {
            Some(description) => spec.description(description),
            None => spec,
        };
        let spec = self.application_names.iter().fold(spec, |spec, name| spec.application_name(*name));
        match self.longest_propagation {
            Some(clause) => spec.longest_propagation(clause),
            None => spec,
        }
    }
}

impl RestrictedCalendarGroup {
    /// Starts the spec of [`Profile::PLACEOS`].
    pub fn placeos(address: impl Into<String>, application: impl Into<String>) -> RestrictedCalendarGroupBuilder {
        Profile::PLACEOS.spec(address, application)
    }
}

/// The calls that PlaceOS makes as the application, by the code of its drivers and of Staff API (2026-11).
mod placeos {
    use crate::spec::product::{MailboxUse, ProductCall};

    const READ_ROOM: ProductCall = ProductCall::new(
        "a panel shows the bookings of a room",
        "GET /users/{room}/calendar/calendarView",
        MailboxUse::Room,
    );
    const BOOK_ROOM: ProductCall =
        ProductCall::new("a panel books a room now", "POST /users/{room}/calendar/events", MailboxUse::Room);
    const END_ROOM: ProductCall = ProductCall::new(
        "a panel ends or declines a booking",
        "PATCH /users/{room}/calendar/events/{id}",
        MailboxUse::Room,
    );
    const FREE_BUSY: ProductCall = ProductCall::new(
        "staff search for free rooms",
        "POST /users/{service account}/calendar/getSchedule",
        MailboxUse::ServiceAccount,
    );
    const HOSTED: ProductCall = ProductCall::new(
        "staff book a meeting",
        "POST /users/{service account}/calendar/events",
        MailboxUse::ServiceAccount,
    );
    const SEND: ProductCall =
        ProductCall::new("PlaceOS sends mail", "POST /users/{sender}/sendMail", MailboxUse::Sender);
    const FREE_BUSY_AS_HOST: ProductCall =
        ProductCall::new("staff search for free rooms", "POST /users/{host}/calendar/getSchedule", MailboxUse::Host);
    const BOOK_AS_HOST: ProductCall =
        ProductCall::new("staff book a meeting", "POST /users/{host}/calendar/events", MailboxUse::Host);
    const LIST_AS_HOST: ProductCall =
        ProductCall::new("staff list their calendars", "GET /users/{host}/calendars", MailboxUse::Host);
    const PANEL_FOR_HOST: ProductCall = ProductCall::new(
        "a panel books a room now for a person",
        "POST /users/{host}/calendar/events",
        MailboxUse::Host,
    );

    pub(super) const ROOMS: &[ProductCall] = &[READ_ROOM, BOOK_ROOM, END_ROOM];
    pub(super) const SERVICE_ACCOUNT: &[ProductCall] = &[READ_ROOM, BOOK_ROOM, END_ROOM, FREE_BUSY, HOSTED, SEND];
    pub(super) const EVERYBODY: &[ProductCall] =
        &[READ_ROOM, BOOK_ROOM, END_ROOM, FREE_BUSY_AS_HOST, BOOK_AS_HOST, LIST_AS_HOST, PANEL_FOR_HOST, SEND];
}
