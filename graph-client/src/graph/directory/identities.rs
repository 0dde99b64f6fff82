use crate::graph::model::model;

model! {
    /// Who did something: a person, an application or a device.
    #[derive(Default)]
    pub struct IdentitySet {
        /// The person.
        pub user: Option<Identity> = "user",
        /// The application.
        pub application: Option<Identity> = "application",
        /// The device.
        pub device: Option<Identity> = "device",
    }

    /// One of those who did something.
    #[derive(Default)]
    pub struct Identity {
        /// The object id.
        pub id: Option<String> = "id",
        /// The name, which may be out of date.
        pub display_name: Option<String> = "displayName",
    }
}

impl IdentitySet {
    /// A person by their object id.
    #[must_use]
    pub fn user(id: impl Into<String>, display_name: impl Into<String>) -> Self {
        let user = Identity { id: Some(id.into()), display_name: Some(display_name.into()), ..Identity::default() };
        Self { user: Some(user), ..Self::default() }
    }
}
