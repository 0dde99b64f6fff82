use std::fmt::{Debug, Display};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{PowerShellArgument, Property, powershell};
use crate::error::Result;
use crate::ids::InvalidValue;
use crate::kinds::kinds;
use crate::text::printable;

kinds! {
    /// Whether a cmdlet reads or changes the tenant.
    pub enum Effect {
        /// The cmdlet reads: it is safe, and repeated freely.
        Read,
        /// The cmdlet changes something. It is repeated only if the service did not act on it.
        Write,
    }
}

/// Exchange takes longer than Graph: many cmdlets need tens of seconds in a large tenant.
const TIME_LIMIT: Duration = Duration::from_secs(180);

/// A cmdlet with its parameters: what it serialises to is what goes on the wire, and its `Display` is a sentence.
///
/// Implement it for a cmdlet that this crate does not type.
///
/// # Examples
///
/// ```
/// use graph_client::exchange::{Cmdlet, Effect};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Debug, Serialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct GetPlace {
///     identity: String,
/// }
///
/// #[derive(Debug, Deserialize)]
/// #[serde(rename_all = "PascalCase")]
/// struct Place {
///     building: Option<String>,
/// }
///
/// impl Cmdlet for GetPlace {
///     const NAME: &'static str = "Get-Place";
///     const EFFECT: Effect = Effect::Read;
///     type Output = Vec<Place>;
/// }
///
/// impl std::fmt::Display for GetPlace {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "Read the place {}", self.identity)
///     }
/// }
/// ```
pub trait Cmdlet: Serialize + Display + Debug + Send + Sync + 'static {
    /// The name, such as `Get-Mailbox`. It also names the call in traces.
    const NAME: &'static str;

    /// Whether the cmdlet reads or changes the tenant.
    const EFFECT: Effect;

    /// The end point of the admin API v2.0 that Microsoft documents for this cmdlet, such as `Mailbox`. `None`, as by
    /// default, for a cmdlet that only `InvokeCommand` runs.
    /// [`prefer_documented`](crate::exchange::Exchange::prefer_documented) uses it.
    const DOCUMENTED_END_POINT: Option<&'static str> = None;

    /// The output: `()`, one record, or a `Vec` of records over all pages.
    type Output: Output;

    /// The name of this value's cmdlet. Only a value that stands for any cmdlet departs from [`NAME`](Self::NAME).
    fn name(&self) -> &str {
        Self::NAME
    }

    /// Whether this value reads or changes the tenant. Only a value that stands for any cmdlet departs from
    /// [`EFFECT`](Self::EFFECT).
    fn effect(&self) -> Effect {
        Self::EFFECT
    }

    /// Checks the rules that take several parameters together. A command that breaks one is refused with
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) before anything is sent.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] names the parameter and the rule.
    fn check(&self) -> Result<(), InvalidValue> {
        Ok(())
    }

    /// What "there is no such object" means to a command that names none. `None`, as by default, leaves it an error.
    ///
    /// It is asked for only if the cmdlet itself says so, not for any 404.
    fn if_not_found(&self) -> Option<Self::Output> {
        None
    }

    /// Checks that the output is about what the command asked for.
    ///
    /// # Errors
    ///
    /// The sentence that says what the output is about instead. The call fails with it, and the outcome of a write is unknown.
    fn check_output(&self, output: &Self::Output) -> Result<(), String> {
        let _ = output;
        Ok(())
    }

    /// The properties that the response is limited to; none for all.
    ///
    /// `$select` is documented for one end point and in use for the others; a service that ignores it sends more.
    fn select(&self) -> &[Property] {
        &[]
    }

    /// The same command as one line of PowerShell, for an administrator to paste into a session of the Exchange Online
    /// module.
    ///
    /// It is made from what goes on the wire. No value can end its string or begin an expression, and the line holds no
    /// character that a terminal acts on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::ErrorKind::Input) when [`check`](Self::check) refuses the command, or it has no such
    /// reading: its name or a parameter's is not one of PowerShell's.
    fn powershell(&self) -> Result<String>
    where
        Self: Sized,
    {
        self.check()?;
        powershell::line(self)
    }

    /// The arguments of the same command as expressions of PowerShell, for a script that makes a table of them.
    ///
    /// # Errors
    ///
    /// As [`powershell`](Self::powershell).
    fn powershell_arguments(&self) -> Result<Vec<PowerShellArgument>>
    where
        Self: Sized,
    {
        self.check()?;
        powershell::arguments(self)
    }

    /// The limit for one attempt, from sending to the last byte of the response.
    ///
    /// Exchange gives a cmdlet 15 minutes; most take seconds.
    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

kinds! {
    /// What the response to a command that succeeded must hold.
    pub enum Shape {
        /// Nothing: the cmdlet has no output.
        Nothing,
        /// Exactly one object.
        One,
        /// A list, which may be empty.
        List,
    }
}

/// The output of a cmdlet, made from the rows of its response.
pub trait Output: Sized + Send + 'static {
    /// One row of the response.
    type Row: DeserializeOwned + Send + 'static;

    /// What the response must hold. A response of another shape is an error: a list that is missing is not an empty
    /// one.
    const SHAPE: Shape;

    /// The output of a command that succeeded.
    ///
    /// # Errors
    ///
    /// The sentence that says why these rows cannot be its output.
    fn from_rows(rows: Vec<Self::Row>) -> Result<Self, String>;
}

impl Output for () {
    type Row = serde::de::IgnoredAny;

    const SHAPE: Shape = Shape::Nothing;

    fn from_rows(_: Vec<Self::Row>) -> Result<Self, String> {
        Ok(())
    }
}

impl<T: DeserializeOwned + Send + 'static> Output for Vec<T> {
    type Row = T;

    const SHAPE: Shape = Shape::List;

    fn from_rows(rows: Self) -> Result<Self, String> {
        Ok(rows)
    }
}

/// Exactly one row, as `New-*` and most `Test-*` cmdlets return.
pub(super) fn single<T>(mut rows: Vec<T>) -> Result<T, String> {
    match (rows.pop(), rows.len()) {
        (Some(row), 0) => Ok(row),
        (None, _) => Err("the cmdlet succeeded and gave no object back".into()),
        (Some(_), others) => Err(format!("the cmdlet gave {} objects back instead of one", others + 1)),
    }
}

/// The parameters that a command sets, for a sentence: all but those that say what it is about and how it is run, and
/// `besides`.
pub(super) fn settings<C: Serialize>(cmdlet: &C, besides: &[&str]) -> Vec<(String, String)> {
    const NO_SETTINGS: &[&str] = &["Identity", "Confirm", "BypassSecurityGroupManagerCheck", "ResultSize", "Force"];
    let Ok(Value::Object(parameters)) = serde_json::to_value(cmdlet) else { return Vec::new() };
    parameters
        .into_iter()
        .filter(|(name, _)| !NO_SETTINGS.contains(&&**name) && !besides.contains(&&**name))
        .map(|(name, value)| (name, said(&value)))
        .collect()
}

/// The same as one text.
pub(super) fn settings_text<C: Serialize>(cmdlet: &C) -> String {
    let settings = settings(cmdlet, &[]);
    settings.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
}

fn said(value: &Value) -> String {
    let list = |items: &[Value]| items.iter().map(said).collect::<Vec<_>>().join(" and ");
    match value {
        Value::String(text) => printable(text).into_owned(),
        Value::Array(items) if items.is_empty() => "cleared".into(),
        Value::Array(items) => list(items),
        Value::Object(table) => {
            let part = |key: &str, word: &str| {
                let items = table.get(key).and_then(Value::as_array)?;
                Some(format!("{word} {}", list(items)))
            };
            let parts: Vec<String> = [part("Add", "with"), part("Remove", "without")].into_iter().flatten().collect();
            if parts.is_empty() { "cleared".into() } else { parts.join(" and ") }
        }
        other => other.to_string(),
    }
}
