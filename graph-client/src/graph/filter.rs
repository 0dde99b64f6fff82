use std::borrow::Cow;
use std::fmt::Write as _;

use super::Literal;
use crate::ids::InvalidValue;

/// A condition for [`List::filter`](crate::List::filter): values are quoted here, never by the caller.
///
/// A property is a name or a path such as `start/dateTime`. A name that is none is refused when the query is sent, so
/// that nothing but values can come from outside.
///
/// # Examples
///
/// ```
/// use graph_client::Filter;
///
/// let filter = Filter::starts_with("displayName", "O'B").and(Filter::eq("mail", None::<&str>).or(Filter::any(
///     "proxyAddresses",
///     Filter::eq(Filter::ITEM, "smtp:ob@contoso.com"),
/// )));
/// assert_eq!(
///     filter.to_odata()?,
///     "startswith(displayName,'O''B') and (mail eq null or proxyAddresses/any(x:x eq 'smtp:ob@contoso.com'))"
/// );
/// # Ok::<(), graph_client::InvalidValue>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a filter does nothing until it is given to a list"]
pub struct Filter(Node);

#[derive(Debug, Clone, PartialEq)]
enum Node {
    Compare(Name, &'static str, Literal),
    Call(&'static str, Name, Literal),
    In(Name, Vec<Literal>),
    Any(Name, Option<Box<Self>>),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

type Name = Cow<'static, str>;

/// Properties of directory objects for which `startswith` works without the advanced engine, by Microsoft's table. For
/// any other property the advanced engine is asked, which knows these as well.
const PREFIX_BY_DEFAULT: &[&str] =
    &["displayName", "givenName", "surname", "mail", "mailNickname", "userPrincipalName", "jobTitle", "department"];

macro_rules! comparisons {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)+) => {$(
        $(#[$doc])*
        pub fn $name(property: impl Into<Cow<'static, str>>, value: impl Into<Literal>) -> Self {
            Self(Node::Compare(property.into(), $operator, value.into()))
        }
    )+};
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $function:literal;)+) => {$(
        $(#[$doc])*
        pub fn $name(property: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
            Self(Node::Call($function, property.into(), Literal::from(text.into())))
        }
    )+};
}

impl Filter {
    /// In the condition of [`any`](Self::any): the item itself, for collections of texts.
    pub const ITEM: &'static str = "$it";

    comparisons! {
        /// The property has this value.
        eq = "eq";
        /// The property has another value. On directory objects this is an advanced query.
        ne = "ne";
        /// The property is greater or later.
        gt = "gt";
        /// The property is greater, later or equal.
        ge = "ge";
        /// The property is less or earlier.
        lt = "lt";
        /// The property is less, earlier or equal.
        le = "le";
    }

    functions! {
        /// The property starts with this text.
        starts_with = "startswith";
        /// The property ends with this text. On directory objects this is an advanced query.
        ends_with = "endswith";
        /// The property contains this text. Directory objects do not support it.
        contains = "contains";
    }

    /// The property has one of these values. Graph takes about fifteen; none at all is refused when the query is sent.
    pub fn is_in<V: Into<Literal>>(
        property: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        Self(Node::In(property.into(), values.into_iter().map(Into::into).collect()))
    }

    /// An item of the collection satisfies the condition, whose properties are those of the item.
    pub fn any(collection: impl Into<Cow<'static, str>>, condition: Self) -> Self {
        Self(Node::Any(collection.into(), Some(Box::new(condition.0))))
    }

    /// The collection has an item.
    pub fn has_any(collection: impl Into<Cow<'static, str>>) -> Self {
        Self(Node::Any(collection.into(), None))
    }

    /// Both conditions hold.
    pub fn and(self, other: Self) -> Self {
        Self(match self.0 {
            Node::And(mut all) => {
                all.push(other.0);
                Node::And(all)
            }
            one => Node::And(vec![one, other.0]),
        })
    }

    /// One of the conditions holds, or both.
    pub fn or(self, other: Self) -> Self {
        Self(match self.0 {
            Node::Or(mut all) => {
                all.push(other.0);
                Node::Or(all)
            }
            one => Node::Or(vec![one, other.0]),
        })
    }

    /// The condition does not hold. On directory objects this is an advanced query.
    #[expect(clippy::should_implement_trait, reason = "a filter reads as words: and, or, not")]
    pub fn not(self) -> Self {
        Self(Node::Not(Box::new(self.0)))
    }

    /// The text of `$filter`, not percent-encoded: for a request that is not a [`List`](crate::List).
    ///
    /// # Errors
    ///
    /// [`InvalidValue`] names a property that is no name, an empty list of values, or a date that does not exist.
    pub fn to_odata(&self) -> Result<String, InvalidValue> {
        let mut out = String::new();
        self.0.render(&mut out, 0)?;
        Ok(out)
    }

    /// Whether the directory answers this only with its advanced engine.
    pub(super) fn is_advanced(&self) -> bool {
        self.0.is_advanced("")
    }
}

impl Node {
    /// `depth` is how many `any` stand around this.
    fn render(&self, out: &mut String, depth: usize) -> Result<(), InvalidValue> {
        match self {
            Self::Compare(property, operator, value) => {
                name(property, out, depth)?;
                let _ = write!(out, " {operator} ");
                value.render(out)
            }
            Self::Call(function, property, value) => {
                let _ = write!(out, "{function}(");
                name(property, out, depth)?;
                out.push(',');
                value.render(out)?;
                out.push(')');
                Ok(())
            }
            Self::In(property, values) => {
                name(property, out, depth)?;
                if values.is_empty() {
                    let rule = "must be compared with at least one value";
                    return Err(InvalidValue::new("filter", property.clone(), rule));
                }
                out.push_str(" in (");
                for (index, value) in values.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    value.render(out)?;
                }
                out.push(')');
                Ok(())
            }
            Self::Any(collection, condition) => {
                name(collection, out, depth)?;
                out.push_str("/any(");
                if let Some(condition) = condition {
                    let _ = write!(out, "{}:", variable(depth + 1));
                    condition.render(out, depth + 1)?;
                }
                out.push(')');
                Ok(())
            }
            Self::Not(condition) => {
                out.push_str("not (");
                condition.render(out, depth)?;
                out.push(')');
                Ok(())
            }
            Self::And(all) => join(all, " and ", out, depth),
            Self::Or(all) => join(all, " or ", out, depth),
        }
    }

    fn is_advanced(&self, collection: &str) -> bool {
        match self {
            Self::Compare(property, operator, value) => {
                *operator != "eq" || value.is_null() || property.ends_with("$count")
            }
            Self::Call("startswith", property, _) if collection.is_empty() => !PREFIX_BY_DEFAULT.contains(&&**property),
            Self::Call("startswith", _, _) => collection != "proxyAddresses",
            Self::Call(..) | Self::Not(_) => true,
            Self::In(_, values) => values.iter().any(Literal::is_null),
            Self::Any(collection, condition) => {
                condition.as_ref().is_none_or(|condition| condition.is_advanced(collection))
            }
            Self::And(all) | Self::Or(all) => all.iter().any(|one| one.is_advanced(collection)),
        }
    }
}

fn join(all: &[Node], word: &str, out: &mut String, depth: usize) -> Result<(), InvalidValue> {
    for (index, one) in all.iter().enumerate() {
        out.push_str(if index > 0 { word } else { "" });
        let is_compound = matches!(one, Node::And(_) | Node::Or(_));
        out.push_str(if is_compound { "(" } else { "" });
        one.render(out, depth)?;
        out.push_str(if is_compound { ")" } else { "" });
    }
    Ok(())
}

fn variable(depth: usize) -> String {
    if depth == 1 { "x".to_owned() } else { format!("x{depth}") }
}

fn name(property: &str, out: &mut String, depth: usize) -> Result<(), InvalidValue> {
    if depth > 0 {
        out.push_str(&variable(depth));
        if property == Filter::ITEM {
            return Ok(());
        }
        out.push('/');
    }
    out.push_str(path(property)?);
    Ok(())
}

/// A property or a path of properties. Letting nothing else through keeps a name from being a second condition.
pub(super) fn path(property: &str) -> Result<&str, InvalidValue> {
    let is_name = |segment: &str| {
        segment.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && segment.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    };
    let names = property.strip_suffix("/$count").unwrap_or(property);
    if names.split('/').all(is_name) {
        return Ok(property);
    }
    Err(InvalidValue::new(
        "property",
        property,
        "must be the name of a property, or a path of names such as start/dateTime",
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn conditions_read_as_they_were_built() {
        let a = || Filter::eq("a", 1);
        for (filter, expected) in [
            (a().and(a()).and(a()), "a eq 1 and a eq 1 and a eq 1"),
            (a().or(a()).and(a()), "(a eq 1 or a eq 1) and a eq 1"),
            (a().and(a().or(a())), "a eq 1 and (a eq 1 or a eq 1)"),
            (a().and(a()).not(), "not (a eq 1 and a eq 1)"),
            (Filter::is_in("id", ["x", "y'"]), "id in ('x','y''')"),
            (Filter::ends_with("mail", "@contoso.com"), "endswith(mail,'@contoso.com')"),
            (Filter::eq("assignedLicenses/$count", 0), "assignedLicenses/$count eq 0"),
            (Filter::has_any("owners"), "owners/any()"),
            (
                Filter::any("values", Filter::eq("id", "p").and(Filter::any("parts", Filter::eq(Filter::ITEM, "v")))),
                "values/any(x:x/id eq 'p' and x/parts/any(x2:x2 eq 'v'))",
            ),
        ] {
            assert_eq!(filter.to_odata().unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for property in ["", "a b", "a eq 1 or b", "a'", "/a", "a/", "$it", "1a", "a)", "$count"] {
            assert_eq!(Filter::eq(property, 1).to_odata().unwrap_err().field, "property", "{property}");
            assert!(
                Filter::any("c", Filter::eq("ok", 1).or(Filter::eq(format!("{property} "), 1))).to_odata().is_err()
            );
        }
        assert!(Filter::is_in("id", [""; 0]).to_odata().is_err());
    }

    #[test]
    fn what_needs_the_advanced_engine_is_known() {
        for (filter, advanced) in [
            (Filter::eq("appId", "x"), false),
            (Filter::is_in("id", ["x"]), false),
            (Filter::starts_with("displayName", "x"), false),
            (Filter::any("proxyAddresses", Filter::starts_with(Filter::ITEM, "smtp:")), false),
            (Filter::any("assignedLicenses", Filter::eq("skuId", uuid::Uuid::nil())), false),
            (Filter::starts_with("mobilePhone", "x"), true),
            (Filter::ne("appId", "x"), true),
            (Filter::eq("mail", Literal::NULL), true),
            (Filter::ends_with("mail", "x"), true),
            (Filter::eq("members/$count", 0), true),
            (Filter::eq("a", 1).and(Filter::eq("b", 1).not()), true),
            (Filter::any("proxyAddresses", Filter::ends_with(Filter::ITEM, "x")), true),
        ] {
            assert_eq!(filter.is_advanced(), advanced, "{filter:?}");
        }
    }

    proptest! {
        #[test]
        fn a_value_never_becomes_a_part_of_the_condition(values in proptest::collection::vec("[a' =)(]{0,8}", 1..5)) {
            let mut filter = Filter::eq("p", &*values[0]);
            for value in &values[1..] {
                filter = filter.or(Filter::starts_with("p", &**value));
            }
            // Without the literals only what was built is left.
            let text = filter.to_odata().unwrap();
            let mut bare = String::new();
            for part in text.replace("''", "").split('\'').step_by(2) {
                bare.push_str(part);
            }
            let expected = format!("p eq {}", " or startswith(p,)".repeat(values.len() - 1));
            prop_assert_eq!(bare, expected);
        }
    }
}
