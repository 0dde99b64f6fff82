use std::time::SystemTime;

use uuid::Uuid;

use crate::ids::{AppRoleId, ClientId, InvalidValue, ObjectId, ServicePrincipalId, SmtpAddress, TenantId};

/// A value in a [`Filter`](crate::Filter), quoted as its type needs it.
///
/// Made from Rust values by `From`; there is seldom a reason to name the type. Texts are put in quotes, with quotes
/// inside doubled. Most ids in Graph are texts that hold a GUID, so [`ClientId`] and its like become texts; a bare
/// [`Uuid`] and [`AppRoleId`] become GUID literals, as `appRoleId`, `resourceId` and `skuId` want them. `None` is `null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Literal(Value);

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Flag(bool),
    Number(i64),
    Guid(Uuid),
    Instant(SystemTime),
    Date(i16, i8, i8),
    Text(String),
}

impl Literal {
    /// `null`: the property has no value.
    pub const NULL: Self = Self(Value::Null);

    /// A day without a time, such as 2026-11-22. A day that no calendar has is refused when the query is sent.
    #[must_use]
    pub fn date(year: i16, month: i8, day: i8) -> Self {
        Self(Value::Date(year, month, day))
    }

    pub(super) fn is_null(&self) -> bool {
        self.0 == Value::Null
    }

    pub(super) fn render(&self, out: &mut String) -> Result<(), InvalidValue> {
        match &self.0 {
            Value::Null => out.push_str("null"),
            Value::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Value::Number(number) => out.push_str(&number.to_string()),
            Value::Guid(guid) => out.push_str(&guid.to_string()),
            Value::Instant(time) => {
                let invalid =
                    |_| InvalidValue::new("filter", format!("{time:?}"), "must be a time in the years to 9999");
                out.push_str(&jiff::Timestamp::try_from(*time).map_err(invalid)?.to_string());
            }
            Value::Date(year, month, day) => {
                let text = format!("{year:04}-{month:02}-{day:02}");
                match jiff::civil::Date::new(*year, *month, *day) {
                    Ok(_) if *year > 0 => out.push_str(&text),
                    _ => return Err(InvalidValue::new("filter", text, "must be a day of the calendar")),
                }
            }
            Value::Text(text) => quote(text, out),
        }
        Ok(())
    }
}

fn quote(text: &str, out: &mut String) {
    out.reserve(text.len() + 2);
    out.push('\'');
    for character in text.chars() {
        if character == '\'' {
            out.push('\'');
        }
        out.push(character);
    }
    out.push('\'');
}

macro_rules! from {
    ($($type:ty => |$value:ident| $literal:expr;)+) => {$(
        impl From<$type> for Literal {
            fn from($value: $type) -> Self {
                Self($literal)
            }
        }
    )+};
}

from! {
    &str => |value| Value::Text(value.to_owned());
    String => |value| Value::Text(value);
    &String => |value| Value::Text(value.clone());
    bool => |value| Value::Flag(value);
    i32 => |value| Value::Number(value.into());
    u32 => |value| Value::Number(value.into());
    i64 => |value| Value::Number(value);
    Uuid => |value| Value::Guid(value);
    AppRoleId => |value| Value::Guid(*value.as_uuid());
    SystemTime => |value| Value::Instant(value);
    ClientId => |value| Value::Text(value.to_string());
    ObjectId => |value| Value::Text(value.to_string());
    ServicePrincipalId => |value| Value::Text(value.to_string());
    &ClientId => |value| Value::Text(value.to_string());
    &ObjectId => |value| Value::Text(value.to_string());
    SmtpAddress => |value| Value::Text(value.into());
    &SmtpAddress => |value| Value::Text(value.to_string());
    &TenantId => |value| Value::Text(value.to_string());
}

impl<T: Into<Self>> From<Option<T>> for Literal {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::NULL, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn rendered(literal: impl Into<Literal>) -> Result<String, InvalidValue> {
        let mut out = String::new();
        literal.into().render(&mut out).map(|()| out)
    }

    /// What a server reads: the text of a literal that starts here, and what follows it.
    fn read(text: &str) -> Option<(String, &str)> {
        let mut rest = text.strip_prefix('\'')?;
        let mut value = String::new();
        loop {
            let at = rest.find('\'')?;
            value.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let Some(after) = rest.strip_prefix('\'') else {
                return Some((value, rest));
            };
            value.push('\'');
            rest = after;
        }
    }

    proptest! {
        #[test]
        fn a_text_is_read_back_as_it_was_and_nothing_follows_it(text in "[ab' )(%,]{0,12}|\\PC*") {
            let literal = rendered(&*text).unwrap();
            let (value, rest) = read(&literal).expect("a literal");
            prop_assert_eq!(value, text);
            prop_assert_eq!(rest, "");
        }
    }

    #[test]
    fn each_type_has_its_own_form() {
        let guid = "5a2c5d8e-1111-4222-8333-9abcdef01234";
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_341_600);
        for (literal, expected) in [
            (Literal::from("O'Brien"), "'O''Brien'"),
            ("".into(), "''"),
            (true.into(), "true"),
            (7.into(), "7"),
            (i64::MIN.into(), "-9223372036854775808"),
            (Option::<&str>::None.into(), "null"),
            (Some("a").into(), "'a'"),
            (guid.parse::<Uuid>().unwrap().into(), guid),
            (guid.parse::<AppRoleId>().unwrap().into(), guid),
            (guid.parse::<ClientId>().unwrap().into(), "'5a2c5d8e-1111-4222-8333-9abcdef01234'"),
            (time.into(), "2026-11-22T10:00:00Z"),
            (Literal::date(2026, 2, 3), "2026-02-03"),
        ] {
            assert_eq!(rendered(literal).unwrap(), expected);
        }
        assert!(rendered(Literal::date(2026, 2, 30)).is_err());
    }
}
