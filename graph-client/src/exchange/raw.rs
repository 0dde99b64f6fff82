use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;

use super::powershell::{CMDLET_RULE, PARAMETER_RULE, is_cmdlet_name, is_parameter_name};
use super::{Cmdlet, Effect, Output};
use crate::ids::InvalidValue;
use crate::text::Printable;

/// Any cmdlet by its name, through the same path as the typed ones: the same retries, pages, errors and PowerShell line.
///
/// `O` is what it gives: a `Vec` of the caller's own record, one record, or `()`. A cmdlet whose verb is `Get` or `Test`
/// counts as a read and is repeated freely; any other counts as a write.
///
/// # Examples
///
/// ```
/// # let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
/// # rt.block_on(async {
/// # use graph_client::{Client, ClientSecret, Cloud};
/// use graph_client::exchange::RawCmdlet;
/// use serde::Deserialize;
///
/// #[derive(Debug, Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Domain {
///     domain_name: String,
/// }
/// # let tenant = fake_tenant::FakeTenant::contoso();
/// # let server = tenant.serve().await?;
/// # let app = tenant.administrator();
/// # let client = Client::builder()
/// #     .tenant(tenant.domain())
/// #     .credential(ClientSecret::new(app.client_id.parse()?, app.secret()))
/// #     .cloud(Cloud::custom(server.graph_url(), server.exchange_url(), server.login_url())?)
/// #     .build()?;
///
/// let cmdlet = RawCmdlet::<Vec<Domain>>::new("Get-AcceptedDomain")?.parameter("ResultSize", "Unlimited")?;
/// let domains = client.exchange().run(cmdlet).await?;
/// assert!(domains.iter().any(|domain| domain.domain_name == "contoso.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct RawCmdlet<O = Vec<Value>> {
    name: String,
    parameters: Vec<(String, Value)>,
    output: PhantomData<fn() -> O>,
}

impl<O: Output> RawCmdlet<O> {
    /// A cmdlet without parameters.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when the name does not have the form `Verb-Noun`.
    pub fn new(name: impl Into<String>) -> Result<Self, InvalidValue> {
        let name = name.into();
        if !is_cmdlet_name(&name) {
            return Err(InvalidValue::new("cmdlet", name, CMDLET_RULE));
        }
        Ok(Self { name, parameters: Vec::new(), output: PhantomData })
    }

    /// Sets a parameter: text, a number, a Boolean (also for a switch), a list of these, or a
    /// [`ListChange`](super::ListChange). Setting it again replaces it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] when
    /// - the name is not a parameter's,
    /// - `Identity` is empty or nothing, which a `Get-` cmdlet takes for all objects,
    /// - `Confirm` or `WhatIf` is on, so that nothing would be done,
    /// - the value does not serialise, or holds an object without Exchange's type tag, which the service does not bind.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Serialize) -> Result<Self, InvalidValue> {
        let name = name.into();
        if !is_parameter_name(&name) {
            return Err(InvalidValue::new("parameter", name, PARAMETER_RULE));
        }
        let fault = |value: String, rule| Err(InvalidValue::new(name.clone(), value, rule));
        let Ok(value) = serde_json::to_value(value) else {
            return fault(String::new(), "must serialise to JSON");
        };
        let is_blank = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        if name.eq_ignore_ascii_case("Identity") && is_blank {
            return fault(value.to_string(), "must not be empty: Exchange would take it for all objects");
        }
        let is_on = value == Value::Bool(true) || value.as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"));
        if is_on && ["Confirm", "WhatIf"].iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            return fault(value.to_string(), "must be false: with true Exchange does nothing");
        }
        if !is_bindable(&value) {
            return fault(value.to_string(), "must hold no object but one that @odata.type tells the type of");
        }
        self.parameters.retain(|(other, _)| !other.eq_ignore_ascii_case(&name));
        self.parameters.push((name, value));
        Ok(self)
    }
}

fn is_bindable(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.get("@odata.type").is_some_and(Value::is_string) && members.values().all(is_bindable)
        }
        Value::Array(items) => items.iter().all(is_bindable),
        _ => true,
    }
}

impl<O: Output> Cmdlet for RawCmdlet<O> {
    /// The end point, because a name that a caller chose does not go into traces.
    const NAME: &'static str = "InvokeCommand";
    const EFFECT: Effect = Effect::Write;
    type Output = O;

    fn name(&self) -> &str {
        &self.name
    }

    fn effect(&self) -> Effect {
        let verb = self.name.split('-').next().unwrap_or_default();
        let reads = ["Get", "Test"].iter().any(|known| known.eq_ignore_ascii_case(verb));
        if reads { Effect::Read } else { Effect::Write }
    }
}

impl<O> Serialize for RawCmdlet<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.parameters.len()))?;
        for (name, value) in &self.parameters {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<O> Clone for RawCmdlet<O> {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), parameters: self.parameters.clone(), output: PhantomData }
    }
}

impl<O> fmt::Display for RawCmdlet<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Run {}", self.name)?;
        let identity = self.parameters.iter().find(|(name, _)| name.eq_ignore_ascii_case("Identity"));
        match identity.and_then(|(_, value)| value.as_str()) {
            Some(identity) => write!(f, " on {}", Printable(identity)),
            None => Ok(()),
        }
    }
}

/// The names of the parameters without their values, which may be secrets.
impl<O> fmt::Debug for RawCmdlet<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.parameters.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RawCmdlet").field("name", &self.name).field("parameters", &names).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::exchange::ListChange;

    type Raw = RawCmdlet<Vec<Value>>;

    #[test]
    fn the_verb_tells_the_effect() {
        for (name, effect) in [
            ("Get-Place", Effect::Read),
            ("test-ServicePrincipalAuthorization", Effect::Read),
            ("Set-Place", Effect::Write),
            ("Search-UnifiedAuditLog", Effect::Write),
        ] {
            assert_eq!(Raw::new(name).unwrap().effect(), effect, "{name}");
        }
        for name in ["", "Get", "Get-", "-Place", "Get-Place; Remove-Mailbox", "Get-Place\n", "Gét-Place"] {
            assert!(Raw::new(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_would_do_harm_or_nothing_is_refused() {
        let raw = || Raw::new("Remove-Mailbox").unwrap();
        assert!(raw().parameter("identity", " ").is_err());
        assert!(raw().parameter("Identity", Value::Null).is_err());
        assert!(raw().parameter("Confirm", true).is_err());
        assert!(raw().parameter("Confirm", false).is_ok());
        assert!(raw().parameter("Ide ntity", "x").is_err());
        assert!(raw().parameter("Credentials", json!({"UserName": "u"})).is_err());
        assert!(raw().parameter("EmailAddresses", ListChange::Replace(Vec::<String>::new())).is_ok());
    }

    #[test]
    fn a_parameter_that_is_set_again_has_its_last_value() {
        let raw = Raw::new("Get-Place").unwrap();
        let raw = raw.parameter("Identity", "a").unwrap().parameter("IDENTITY", "b").unwrap();
        assert_eq!(raw.powershell().unwrap(), "Get-Place -IDENTITY 'b'");
        assert!(!format!("{raw:?}").contains('b') || !format!("{raw:?}").contains("\"b\""));
    }
}
