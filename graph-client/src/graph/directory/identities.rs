use crate::graph::macros::resource;

resource! {
    /// Who did something: a person, an application or a device.
    pub struct IdentitySet {
        /// The person.
        user: Option<GraphIdentity>,
        /// The application.
        application: Option<GraphIdentity>,
        /// The device.
        device: Option<GraphIdentity>,
    }

    /// One of those who did something.
    pub struct GraphIdentity {
        /// The object id.
        id: Option<String>,
        /// The name, which may be out of date.
        display_name: Option<String>,
    }
}

impl IdentitySet {
    /// A person by their object id.
    #[must_use]
    pub fn user(id: impl Into<String>, display_name: impl Into<String>) -> Self {
        let user =
            GraphIdentity { id: Some(id.into()), display_name: Some(display_name.into()), ..GraphIdentity::default() };
        Self { user: Some(user), ..Self::default() }
    }
}
