//! The objects of the domain.

use serde_json::{Map, Value, json};

use crate::faults::Armed;
use crate::keys::Key;
use crate::request::RecordedRequest;

pub(crate) type Object = Map<String, Value>;

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) domain: String,
    pub(crate) keys: Vec<Key>,
    pub(crate) systems: Vec<Object>,
    pub(crate) modules: Vec<Object>,
    pub(crate) settings: Vec<Object>,
    /// Earlier versions of settings: (settings id, object), oldest first.
    pub(crate) history: Vec<(String, Object)>,
    pub(crate) zones: Vec<Object>,
    pub(crate) drivers: Vec<Object>,
    pub(crate) tenants: Vec<Object>,
    pub(crate) authorities: Vec<Object>,
    pub(crate) auth_sources: Vec<Object>,
    pub(crate) requests: Vec<RecordedRequest>,
    pub(crate) ignored: Vec<String>,
    /// The modules that were started, in order.
    pub(crate) started: Vec<String>,
    pub(crate) faults: Vec<Armed>,
    /// Whether new modules run at once.
    pub(crate) runs_new_modules: bool,
    pub(crate) ids: u64,
    pub(crate) clock: i64,
}

impl State {
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        // Ids have a prefix by kind, and say nothing else.
        format!("{prefix}-{}{:03}", "FaKe", self.ids)
    }

    pub(crate) fn now(&mut self) -> i64 {
        self.clock += 1;
        1_790_000_000 + self.clock
    }

    /// A new object with an id and its times.
    pub(crate) fn stamp(&mut self, prefix: &str, mut object: Object) -> Object {
        let now = self.now();
        object.insert("id".to_owned(), Value::from(self.new_id(prefix)));
        object.insert("created_at".to_owned(), now.into());
        object.insert("updated_at".to_owned(), now.into());
        object
    }

    pub(crate) fn find<'a>(objects: &'a [Object], id: &str) -> Option<&'a Object> {
        objects.iter().find(|object| object.get("id").and_then(Value::as_str) == Some(id))
    }

    pub(crate) fn find_mut<'a>(objects: &'a mut [Object], id: &str) -> Option<&'a mut Object> {
        objects.iter_mut().find(|object| object.get("id").and_then(Value::as_str) == Some(id))
    }

    /// Sets fields of a system and counts its version up.
    pub(crate) fn change_system(&mut self, id: &str, fields: Object) -> Option<Object> {
        let now = self.now();
        let system = Self::find_mut(&mut self.systems, id)?;
        for (name, mut value) in fields {
            if name == "email" {
                value = lower(&value);
            }
            system.insert(name, value);
        }
        let version = system.get("version").and_then(Value::as_i64).unwrap_or_default();
        system.insert("version".to_owned(), json!(version + 1));
        system.insert("updated_at".to_owned(), json!(now));
        Some(system.clone())
    }

    /// Puts a module into a system.
    pub(crate) fn attach(&mut self, system: &str, module: &str) -> Option<Object> {
        let found = Self::find(&self.systems, system)?;
        let mut modules = texts(found, "modules");
        if modules.iter().any(|it| it == module) {
            return Some(found.clone());
        }
        modules.push(module.to_owned());
        let fields = [("modules".to_owned(), json!(modules))].into_iter().collect();
        self.change_system(system, fields)
    }
}

pub(crate) fn lower(value: &Value) -> Value {
    value.as_str().map_or(value.clone(), |text| text.to_lowercase().into())
}

pub(crate) fn text<'a>(object: &'a Object, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn texts(object: &Object, name: &str) -> Vec<String> {
    let items = object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}
