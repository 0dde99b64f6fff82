//! Specs as files: a text in JSON, or the value that a parser made of one in YAML. Every fault is found at once, with its
//! path.

use std::fmt;

use graph_client::InvalidValue;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, forward_to_deserialize_any};
use serde_json::{Number, Value};

use super::builder::RestrictedCalendarGroupBuilder;
use super::checks::SpecError;
use super::group::RestrictedCalendarGroup;

/// How many faults of form are reported. Each costs a pass over the file.
const MOST_FAULTS: usize = 100;

/// How much of a wrong value is shown.
const SHOWN: usize = 80;

impl RestrictedCalendarGroup {
    /// Reads a spec from JSON. Fields that it does not know, values of the wrong type and broken rules are all reported at
    /// once, each with its path.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with every fault.
    ///
    /// # Examples
    ///
    /// ```
    /// use exchange_groups::RestrictedCalendarGroup;
    ///
    /// let error = RestrictedCalendarGroup::from_json(
    ///     r#"{
    ///         "name": "Bookable rooms",
    ///         "adress": "rooms@contoso.com",
    ///         "owners": ["admin@contoso.com", 7],
    ///         "rooms": {"filter": {"floor": 3}},
    ///         "application": "8f1c6d52"
    ///     }"#,
    /// )
    /// .unwrap_err();
    /// let fields: Vec<_> = error.faults().iter().map(|fault| &*fault.field).collect();
    /// assert_eq!(fields, ["adress", "owners[1]", "rooms.filter.floor", "address", "application"]);
    /// ```
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        RestrictedCalendarGroupBuilder::check_text(text)?;
        match serde_json::from_str::<Node>(text) {
            Ok(node) => read(node),
            Err(error) => Err(SpecError::new(vec![InvalidValue::new("spec", "", format!("must be JSON: {error}"))])),
        }
    }

    /// Reads a spec from a value, such as a parser of YAML makes it, with the same checks as [`from_json`](Self::from_json).
    /// A text is checked by [`check_text`](RestrictedCalendarGroupBuilder::check_text) before it is parsed.
    ///
    /// # Errors
    ///
    /// [`SpecError`] with every fault.
    pub fn from_value(value: Value) -> Result<Self, SpecError> {
        match Node::deserialize(value) {
            Ok(node) => read(node),
            Err(error) => Err(SpecError::new(vec![InvalidValue::new("spec", "", format!("must be JSON: {error}"))])),
        }
    }
}

#[cfg(feature = "schema")]
impl RestrictedCalendarGroupBuilder {
    /// The JSON Schema (draft 2020-12) of a spec file, for editors and other tools.
    ///
    /// A file that is written in an editor names it in its first line; see the README. Whatever the builder accepts is
    /// valid; rules about several fields at once, such as an address that stands in two lists, are in no schema.
    #[must_use]
    pub fn json_schema() -> Value {
        schemars::schema_for!(Self).to_value()
    }
}

/// Reads, repairs what is of the wrong form, and reads again, until the rules of the builder can be checked as well.
fn read(mut node: Node) -> Result<RestrictedCalendarGroup, SpecError> {
    let mut faults: Vec<InvalidValue> = Vec::new();
    let builder = loop {
        match RestrictedCalendarGroupBuilder::deserialize(&node) {
            Ok(builder) => break builder,
            Err(fault) => {
                let is_whole = fault.path.is_empty() && matches!(fault.what, What::Wrong(_));
                let is_known = fault.repair(&mut node, &mut faults);
                if is_whole || faults.len() >= MOST_FAULTS || !is_known {
                    return Err(SpecError::new(faults));
                }
            }
        }
    };
    match builder.build() {
        Ok(spec) if faults.is_empty() => Ok(spec),
        Ok(_) => Err(SpecError::new(faults)),
        Err(error) => {
            // A rule that is broken because a value was of the wrong form is no further fault.
            let is_new = |field: &str| !faults.iter().any(|fault| is_at_or_below(&fault.field, field));
            let new: Vec<_> = error.faults().iter().filter(|fault| is_new(&fault.field)).cloned().collect();
            faults.extend(new);
            Err(SpecError::new(faults))
        }
    }
}

fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// A value of a file. Maps keep a field that stands there twice, and lists the places that their items had in the file.
#[derive(Debug, Clone)]
enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<(String, Self)>),
    Map(Vec<(String, Self)>),
}

impl Node {
    fn children(&mut self) -> Option<&mut Vec<(String, Self)>> {
        match self {
            Self::List(items) | Self::Map(items) => Some(items),
            _ => None,
        }
    }

    fn at(&mut self, path: &[usize]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, step| node.children()?.get_mut(*step).map(|(_, child)| child))
    }

    fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(value.clone()),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(|(_, item)| item.to_value()).collect(),
            Self::Map(items) => items.iter().map(|(name, item)| (name.clone(), item.to_value())).collect(),
        }
    }

    fn shown(&self) -> String {
        let text = match self {
            Self::Text(text) => text.clone(),
            other => other.to_value().to_string(),
        };
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push((format!("[{}]", list.len()), item));
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(field) = fields.next_entry()? {
            map.push(field);
        }
        Ok(Node::Map(map))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

/// A fault of form: where it is, by the positions in the tree, and what it is.
#[derive(Debug)]
struct FormFault {
    path: Vec<usize>,
    what: What,
}

#[derive(Debug)]
enum What {
    Unknown(&'static [&'static str]),
    Missing(&'static str),
    Twice(&'static str),
    Wrong(String),
}

impl FormFault {
    fn new(what: What) -> Self {
        Self { path: Vec::new(), what }
    }

    fn below(mut self, position: usize) -> Self {
        self.path.insert(0, position);
        self
    }

    /// Notes the fault, and takes it out of the tree. `false` when it is not there to be taken out.
    fn repair(self, root: &mut Node, faults: &mut Vec<InvalidValue>) -> bool {
        let mut path = self.path;
        let mut map_at = |path: &[usize], name: &str| {
            let children = root.at(path)?.children()?;
            children.iter().rposition(|(field, _)| field == name)
        };
        let (rule, insert) = match self.what {
            What::Unknown(fields) => (format!("is no field here; must be one of {}", fields.join(", ")), None),
            What::Missing(name) => ("must be given".to_owned(), Some(name)),
            What::Twice(name) => {
                let Some(position) = map_at(&path, name) else { return false };
                path.push(position);
                ("must not stand here twice".to_owned(), None)
            }
            What::Wrong(rule) => (rule, None),
        };
        let field = field_at(root, &path);
        if let Some(name) = insert {
            let field = if field.is_empty() { name.to_owned() } else { format!("{field}.{name}") };
            if !faults.iter().any(|fault| fault.field == field) {
                faults.push(InvalidValue::new(field, "", rule));
            }
            let Some(fields) = root.at(&path).and_then(Node::children) else { return false };
            fields.push((name.to_owned(), Node::Text(String::new())));
            return true;
        }
        let value = root.at(&path).map(|node| node.shown()).unwrap_or_default();
        let field = if field.is_empty() { "spec".to_owned() } else { field };
        let is_second = faults.iter().any(|fault| fault.field == field);
        if !is_second {
            faults.push(InvalidValue::new(field, value, rule));
        }
        let Some((last, above)) = path.split_last() else { return false };
        match root.at(above) {
            // The other items keep their places, which the checks of the builder name.
            Some(Node::List(items)) if !is_second => {
                let Some((_, item)) = items.get_mut(*last) else { return false };
                *item = Node::Text(String::new());
            }
            Some(Node::List(children) | Node::Map(children)) if *last < children.len() => {
                children.remove(*last);
            }
            _ => return false,
        }
        true
    }
}

/// The path of a field as faults have it: `rooms.addresses[3]`.
fn field_at(root: &mut Node, path: &[usize]) -> String {
    let mut field = String::new();
    let mut node = root;
    for step in path {
        let Some((name, child)) = node.children().and_then(|children| children.get_mut(*step)) else { break };
        if !name.starts_with('[') && !field.is_empty() {
            field.push('.');
        }
        field.push_str(name);
        node = child;
    }
    field
}

impl fmt::Display for FormFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.what)
    }
}

impl std::error::Error for FormFault {}

impl de::Error for FormFault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        // A kind that does not exist comes with its own field and value, which the path and the tree have.
        let message = message.to_string();
        let rule = message.rfind("\": must ").map_or(&*message, |at| &message[at + 3..]);
        Self::new(What::Wrong(rule.to_owned()))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(What::Wrong(format!("must be {}", form(&expected.to_string()))))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(What::Unknown(expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(What::Missing(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(What::Twice(field))
    }
}

/// What serde expects, in the words of a file.
fn form(expected: &str) -> &str {
    match expected {
        "a sequence" => "a list",
        "a boolean" => "true or false",
        "u32" => "a whole number that is not negative",
        other if other.starts_with("struct ") => "a mapping of fields",
        other => other,
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = FormFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormFault> {
        match self {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => visitor.visit_u64(number),
                (_, Some(number), _) => visitor.visit_i64(number),
                (_, _, number) => visitor.visit_f64(number.unwrap_or_default()),
            },
            Node::Text(text) => visitor.visit_borrowed_str(text),
            Node::List(items) => visitor.visit_seq(Children { children: items, next: 0 }),
            Node::Map(fields) => visitor.visit_map(Children { children: fields, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, FormFault> {
        match self {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    // A list is no struct, although serde would take one for it.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, FormFault> {
        match self {
            Node::List(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, &visitor)),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct newtype_struct
        seq tuple tuple_struct map enum identifier ignored_any
    }
}

struct Children<'de> {
    children: &'de [(String, Node)],
    next: usize,
}

impl<'de> SeqAccess<'de> for Children<'de> {
    type Error = FormFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, FormFault> {
        let Some((_, item)) = self.children.get(self.next) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(item).map(Some).map_err(|fault| fault.below(self.next - 1))
    }
}

impl<'de> MapAccess<'de> for Children<'de> {
    type Error = FormFault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, FormFault> {
        let Some((name, _)) = self.children.get(self.next) else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some).map_err(|fault: FormFault| fault.below(self.next))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, FormFault> {
        let Some((_, value)) = self.children.get(self.next) else { return Err(de::Error::custom("no value")) };
        self.next += 1;
        seed.deserialize(value).map_err(|fault| fault.below(self.next - 1))
    }
}
