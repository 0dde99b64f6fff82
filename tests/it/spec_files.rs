//! Spec files: what is read, every fault at once, and the schema that editors use.
#![expect(clippy::unwrap_used, reason = "a helper of a test is part of the test")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use exchange_groups::{RestrictedCalendarGroup, RestrictedCalendarGroupBuilder, SpecError};
use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

const APPLICATION: &str = "8f1c6d52-0b7e-4a2e-9d11-5c2b7f90aa01";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn schema() -> Value {
    RestrictedCalendarGroupBuilder::json_schema()
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).unwrap()
}

fn spec() -> Value {
    json!({
        "name": "Bookable rooms",
        "address": "rooms@contoso.com",
        "owners": ["admin@contoso.com"],
        "application": APPLICATION,
    })
}

fn with(change: &Value) -> Value {
    let mut spec = spec();
    for (name, value) in change.as_object().unwrap() {
        spec[name] = value.clone();
    }
    spec
}

fn faults(value: Value) -> Vec<(String, String, String)> {
    let error = RestrictedCalendarGroup::from_value(value).unwrap_err();
    let fault = |fault: &exchange_groups::graph_client::InvalidValue| {
        (fault.field.to_string(), fault.value.clone(), fault.rule.to_string())
    };
    error.faults().iter().map(fault).collect()
}

/// The schema that is published with the crate. `UPDATE_SCHEMA=1 cargo test` writes it anew.
#[test]
fn the_published_schema_is_that_of_the_code() {
    let path = root().join("exchange-groups/schema/restricted-calendar-group.schema.json");
    let text = format!("{}\n", serde_json::to_string_pretty(&schema()).unwrap());
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(published, schema(), "run with UPDATE_SCHEMA=1");
}

#[test]
fn the_schema_describes_every_field_and_refuses_all_others() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let required: BTreeSet<_> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(required, BTreeSet::from(["name", "address", "application"]));
    let objects = [&schema, &schema["$defs"]["Rooms"], &schema["$defs"]["RoomFilter"]];
    for object in objects {
        assert_eq!(object["additionalProperties"], false);
        for (name, property) in object["properties"].as_object().unwrap() {
            let description = property["description"].as_str().unwrap_or_default();
            assert!(description.ends_with('.'), "{name} has no description: {property}");
        }
    }
    for (field, value, default) in
        [("permission", "read_write", "read"), ("restriction", "policy", "rbac"), ("other_members", "keep", "remove")]
    {
        assert_eq!(schema["properties"][field]["default"], default);
        assert!(validator().is_valid(&with(&json!({ field: value }))));
        assert!(!validator().is_valid(&with(&json!({ field: "write" }))));
    }
}

#[test]
fn the_schema_finds_what_an_editor_is_to_underline() {
    let validator = validator();
    for (right, wrong) in [
        (json!({"application": APPLICATION}), json!({"application": "8f1c6d52"})),
        (json!({"address": "rooms@contoso.com"}), json!({"address": "rooms at contoso"})),
        (json!({"owners": ["a@contoso.com"]}), json!({"owners": ["a"]})),
        (json!({"name": "R"}), json!({"name": ""})),
        (json!({"name": "Two words"}), json!({"name": "x".repeat(65)})),
        (json!({"rooms": {"kinds": ["equipment"]}}), json!({"rooms": {"kinds": ["desk"]}})),
        (json!({"rooms": {"filter": {"floor": "3"}}}), json!({"rooms": {"filter": {"floor": 3}}})),
        (json!({"rooms": {"filter": {"capacity_at_most": 8}}}), json!({"rooms": {"filter": {"capacity_at_most": -8}}})),
        (json!({"rooms": {"room_lists": ["b1@contoso.com"]}}), json!({"rooms": {"room_lists": ["b1"]}})),
        (json!({"mailboxes": []}), json!({"mailboxs": []})),
    ] {
        assert!(validator.is_valid(&with(&right)), "{right}");
        assert!(RestrictedCalendarGroup::from_value(with(&right)).is_ok(), "{right}");
        assert!(!validator.is_valid(&with(&wrong)), "{wrong}");
        assert!(RestrictedCalendarGroup::from_value(with(&wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn the_sample_file_is_read_and_valid_and_names_the_schema() {
    let path = root().join("examples/spec.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    RestrictedCalendarGroupBuilder::check_text(&text).unwrap();
    let value: Value = yaml_serde::from_str(&text).unwrap();
    assert!(validator().is_valid(&value));
    let spec = RestrictedCalendarGroup::from_value(value).unwrap();
    assert_eq!(spec.rooms().to_string().matches("building-").count(), 2);
    let schema = text.lines().next().unwrap().strip_prefix("# yaml-language-server: $schema=").unwrap();
    assert!(path.parent().unwrap().join(schema).exists(), "{schema}");
}

/// Blocks of JSON and YAML in the documents that are specs.
#[test]
fn every_spec_in_the_documents_is_valid() {
    let mut specs = 0;
    for document in ["README.md", "exchange-groups/README.md", "graph-client/README.md", "CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let mut blocks = text.split("```");
        while let (Some(_), Some(block)) = (blocks.next(), blocks.next()) {
            let Some((language, body)) = block.split_once('\n') else { continue };
            if !["json", "yaml", "yml"].iter().any(|it| language.trim().starts_with(it)) {
                continue;
            }
            let Ok(value) = yaml_serde::from_str::<Value>(body) else { continue };
            if value.get("application").is_some() && value.get("owners").is_some() {
                specs += 1;
                assert!(validator().is_valid(&value), "{document}: {body}");
                RestrictedCalendarGroup::from_value(value).unwrap();
            }
        }
    }
    // At present the sample file is the only one; this counts so that a block that is added is looked at.
    assert!(specs < 100);
}

#[test]
fn every_fault_of_form_and_of_rules_is_reported_at_once_with_its_path() {
    let found = faults(json!({
        "nmae": "Bookable rooms",
        "address": "rooms at contoso",
        "owners": ["admin@contoso.com", 7, "admin@contoso.com"],
        "application": true,
        "permission": "write",
        "rooms": {"room_list": "b1@contoso.com", "filter": {"floor": 3, "colour": "red"}, "kinds": ["room", "desk"]},
        "mailboxes": "reception@contoso.com",
        "allow_large_removal": "yes",
    }));
    let found: Vec<(&str, &str, &str)> =
        found.iter().map(|(field, value, rule)| (&**field, &**value, &**rule)).collect();
    let at = |field: &str| {
        found.iter().find(|fault| fault.0 == field).copied().unwrap_or_else(|| panic!("{field}: {found:?}"))
    };
    assert!(at("nmae").2.contains("must be one of name, description"), "{found:?}");
    assert_eq!(at("owners[1]"), ("owners[1]", "7", "must be a string"));
    assert_eq!(at("application"), ("application", "true", "must be a string"));
    assert_eq!(at("permission"), ("permission", "write", "must be one of read, read_write"));
    assert_eq!(at("rooms.filter.floor"), ("rooms.filter.floor", "3", "must be a string"));
    assert!(at("rooms.filter.colour").2.contains("must be one of name_starts_with"));
    assert_eq!(at("rooms.kinds[1]").2, "must be one of room, workspace, equipment");
    assert_eq!(at("mailboxes"), ("mailboxes", "reception@contoso.com", "must be a list"));
    assert_eq!(at("allow_large_removal"), ("allow_large_removal", "yes", "must be true or false"));
    assert_eq!(at("name"), ("name", "", "must be given"));
    assert_eq!(at("address").1, "rooms at contoso");
    assert_eq!(at("owners[2]").2, "must not stand in the list twice");
    assert_eq!(found.len(), 12, "{found:?}");
}

#[test]
fn one_fault_is_one_fault() {
    for (change, field) in [
        (json!({"owners": [1]}), "owners[0]"),
        (json!({"owners": null}), "owners"),
        (json!({"rooms": []}), "rooms"),
        (json!({"rooms": {"filter": {"building": 1}}}), "rooms.filter.building"),
        (json!({"rooms": {"kinds": ["desk"]}}), "rooms.kinds[0]"),
        (json!({"rooms": {"kinds": [[]]}}), "rooms.kinds[0]"),
        (json!({"address": null}), "address"),
        (json!({"rooms": {"filter": {"capacity_at_least": -1}}}), "rooms.filter.capacity_at_least"),
        (
            json!({"rooms": {"filter": {"capacity_at_least": 9, "capacity_at_most": 8}}}),
            "rooms.filter.capacity_at_most",
        ),
        (json!({"rooms": {"kinds": ["room"], "workspaces": "only"}}), "rooms.workspaces"),
        (json!({"rooms": {"kinds": []}}), "rooms.kinds"),
        (json!({"rooms": {"kinds": ["equipment"], "filter": {"tags": ["screen"]}}}), "rooms.kinds"),
        (json!({"rooms": {"addresses": ["a@b.co"], "room_lists": ["l@b.co"]}}), "rooms"),
        (json!({"rooms": {"room_list": "a@b.co", "room_lists": ["l@b.co"]}}), "rooms"),
    ] {
        let found = faults(with(&change));
        assert_eq!(found.iter().map(|fault| &*fault.0).collect::<Vec<_>>(), [field], "{change}: {found:?}");
    }
    assert_eq!(faults(json!([]))[0].0, "spec");
    assert_eq!(faults(json!("name"))[0].2, "must be a mapping of fields");
}

#[test]
fn a_text_that_is_no_json_or_has_a_field_twice_is_refused() {
    let error = RestrictedCalendarGroup::from_json("{\"name\": ").unwrap_err();
    assert!(error.to_string().contains("line 1 column 9"), "{error}");
    let text = spec().to_string().replacen('{', "{\"owners\": [\"intruder@contoso.com\"], ", 1);
    let error = RestrictedCalendarGroup::from_json(&text).unwrap_err();
    assert_eq!(error.faults().len(), 1, "{error}");
    assert_eq!((&*error.faults()[0].field, &*error.faults()[0].rule), ("owners", "must not stand here twice"));
    assert!(RestrictedCalendarGroup::from_json(&"[".repeat(100_000)).unwrap_err().to_string().contains("deeper"));
    let spec = RestrictedCalendarGroup::from_json(&spec().to_string()).unwrap();
    assert_eq!(RestrictedCalendarGroup::from_json(&serde_json::to_string(&spec).unwrap()), Ok(spec));
}

#[test]
fn a_file_of_ten_thousand_wrong_addresses_is_refused_with_the_first_hundred() {
    let found = faults(with(&json!({"owners": vec![1; 10_000]})));
    assert_eq!(found.len(), 100);
}

#[test]
fn faults_are_data() {
    let error = RestrictedCalendarGroup::from_value(with(&json!({"owners": [1]}))).unwrap_err();
    let value = serde_json::to_value(&error).unwrap();
    assert_eq!(value, json!({"faults": [{"field": "owners[0]", "value": "1", "rule": "must be a string"}]}));
    assert_eq!(serde_json::from_value::<SpecError>(value).unwrap(), error);
}

/// A method of the builder for every field of the file, and a field for every method. A list has the method of one item.
#[test]
fn the_builder_and_the_file_use_the_same_names() {
    let source = |file: &str| std::fs::read_to_string(root().join("exchange-groups/src/spec").join(file)).unwrap();
    let fields =
        |object: &Value| -> BTreeSet<String> { object["properties"].as_object().unwrap().keys().cloned().collect() };
    let methods = |text: &str, start: &str| -> BTreeSet<String> {
        let body = text.split_once(start).unwrap().1;
        let body = body.split_once("\n}\n").unwrap().0;
        let setters = body.split("pub fn ").skip(1).filter(|function| function.contains("(mut self"));
        setters.map(|function| function.split('(').next().unwrap().to_owned()).collect()
    };
    let plural = |method: &str, fields: &BTreeSet<String>| {
        [method.to_owned(), format!("{method}s"), format!("{method}es")].into_iter().find(|it| fields.contains(it))
    };
    let schema = schema();
    let (rooms, builder) = (source("rooms.rs"), source("builder.rs"));
    // What the constructors take.
    let by_constructor: [(&Value, &str, &str, &[&str]); 3] = [
        (&schema, &builder, "impl RestrictedCalendarGroupBuilder {", &["address", "application"]),
        (&schema["$defs"]["Rooms"], &rooms, "impl Rooms {", &["addresses", "room_list", "room_lists"]),
        (&schema["$defs"]["RoomFilter"], &rooms, "impl RoomFilter {", &[]),
    ];
    for (object, text, start, constructors) in by_constructor {
        let fields = fields(object);
        let mut set: BTreeSet<String> = constructors.iter().map(|&name| name.to_owned()).collect();
        for method in methods(text, start) {
            set.insert(
                plural(&method, &fields).unwrap_or_else(|| panic!("{start} {method} sets no field of the file")),
            );
        }
        assert_eq!(set, fields, "{start}");
    }
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("one@contoso.com")), Just(json!("two@contoso.com")), Just(json!(APPLICATION))]
}

/// Mostly what fits a field, and now and then anything.
fn or_anything(fitting: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => fitting,
        1 => prop_oneof![
            Just(Value::Null), Just(json!(true)), Just(json!(7)), Just(json!(-7)), Just(json!(2.5)), Just(json!("x@y.zz")),
            Just(json!([])), Just(json!(["x@y.zz"])), Just(json!([7])), Just(json!({})), Just(json!({"x": 1})),
        ],
    ]
}

fn object(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| {
            proptest::option::of(value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
        })
        .collect();
    let unknown = proptest::option::weighted(0.05, Just(("unknown".to_owned(), json!(1))));
    (fields, unknown).prop_map(|(fields, unknown)| fields.into_iter().flatten().chain(unknown).collect()).boxed()
}

fn any_spec() -> impl Strategy<Value = Value> {
    let one_of =
        |names: &'static [&'static str]| or_anything(proptest::sample::select(names).prop_map(Value::from)).boxed();
    let texts = || or_anything(proptest::collection::vec(or_anything(text()), 0..3).prop_map(Value::from)).boxed();
    let some_texts = || or_anything(proptest::collection::vec(or_anything(text()), 1..3).prop_map(Value::from)).boxed();
    let text = || or_anything(text()).boxed();
    let address = || or_anything(Just(json!("one@contoso.com"))).boxed();
    let flag = || or_anything(any::<bool>().prop_map(Value::from)).boxed();
    let number = || or_anything(any::<u32>().prop_map(Value::from)).boxed();
    let filter = object(vec![
        ("name_starts_with", text()),
        ("office", text()),
        ("building", text()),
        ("floor", text()),
        ("tags", texts()),
        ("capacity_at_least", number()),
        ("capacity_at_most", number()),
    ]);
    let kinds =
        or_anything(proptest::sample::subsequence(vec!["room", "workspace", "equipment"], 1..3).prop_map(Value::from));
    let rooms = object(vec![
        ("addresses", some_texts()),
        ("room_list", address()),
        ("room_lists", texts()),
        ("filter", or_anything(filter).boxed()),
        ("workspaces", one_of(&["include", "exclude", "only"])),
        ("kinds", kinds.boxed()),
        ("except", texts()),
    ]);
    let all = object(vec![
        ("name", text()),
        ("description", text()),
        ("address", address()),
        ("owners", texts()),
        ("rooms", or_anything(rooms).boxed()),
        ("mailboxes", texts()),
        ("other_members", one_of(&["remove", "keep"])),
        ("allow_large_removal", flag()),
        ("application", or_anything(Just(json!(APPLICATION))).boxed()),
        ("permission", one_of(&["read", "read_write"])),
        ("restriction", one_of(&["rbac", "policy"])),
        ("must_not_reach", texts()),
    ]);
    // Often enough everything that is needed is there.
    (all, any::<bool>()).prop_map(|(mut all, is_filled)| {
        if is_filled {
            for (name, value) in spec().as_object().unwrap() {
                all[name] = value.clone();
            }
        }
        all
    })
}

/// A list is no mapping, in whatever order its values are: a derived reader would take them for the fields.
#[test]
fn a_list_is_not_taken_for_fields_in_their_order() {
    for (field, list) in [("filter", json!(["Board"])), ("rooms", json!([["one@contoso.com"]]))] {
        let mut wrong = spec();
        if field == "filter" {
            wrong["rooms"] = json!({ "filter": list });
        } else {
            wrong["rooms"] = list;
        }
        assert!(serde_json::from_value::<RestrictedCalendarGroup>(wrong.clone()).is_err(), "{wrong}");
        let form = serde_json::from_value::<RestrictedCalendarGroupBuilder>(wrong.clone());
        assert!(form.is_err_and(|error| error.to_string().contains("a mapping of fields")), "{wrong}");
        let text = yaml_serde::to_string(&wrong).unwrap();
        assert!(yaml_serde::from_str::<RestrictedCalendarGroupBuilder>(&text).is_err(), "{text}");
    }
    assert!(serde_json::from_value::<RestrictedCalendarGroup>(json!(["Rooms", null, "rooms@contoso.com"])).is_err());
    let none = json!({ "filter": null });
    let mut right = spec();
    right["rooms"] = none;
    assert!(serde_json::from_value::<RestrictedCalendarGroup>(right).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// What the builder accepts is valid by the schema; and what is valid has no fault of form: nothing is unknown, missing or
    /// of the wrong type.
    #[test]
    fn a_spec_is_valid_by_the_schema_when_it_is_read(spec in any_spec()) {
        let is_valid = validator().is_valid(&spec);
        let read = RestrictedCalendarGroup::from_value(spec.clone());
        if read.is_ok() {
            prop_assert!(is_valid, "{spec}: {:?}", validator().iter_errors(&spec).map(|it| it.to_string()).collect::<Vec<_>>());
        }
        if is_valid {
            let form = serde_json::from_value::<RestrictedCalendarGroupBuilder>(spec.clone());
            prop_assert!(form.is_ok(), "{spec}: {form:?}");
        }
        // Both ways of reading agree, and what is read is written in the form that is read.
        let same = serde_json::from_value::<RestrictedCalendarGroup>(spec.clone());
        prop_assert_eq!(same.is_ok(), read.is_ok(), "{}: {:?}", spec, read);
        if let Ok(read) = read {
            let again = serde_json::to_value(&read).unwrap();
            prop_assert!(validator().is_valid(&again), "{again}");
            prop_assert_eq!(RestrictedCalendarGroup::from_value(again), Ok(read));
        }
    }
}
