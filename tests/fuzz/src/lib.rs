//! What is fuzzed: whatever a service sends, a file holds or a person names is read without a panic, and keeps its
//! meaning.
//!
//! Each target is a function of bytes that panics where a property does not hold. `corpus/<target>` holds inputs under
//! names that say what they are, among them every one that a target once failed on. They are replayed by
//!
//! ```text
//! cargo test -p fuzz-targets
//! ```
//!
//! and thus with the whole workspace, without a fuzzer. One target is fuzzed for a minute by
//! `tests/fuzz/run 60 <target>`, which needs cargo-fuzz and a nightly compiler.

mod files;
mod filters;
mod models;
mod powershell;
#[path = "../../it/powershell_reader.rs"]
mod powershell_reader;
mod services;
mod wire;

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

macro_rules! targets {
    ($($module:ident { $($(#[$doc:meta])+ $name:ident;)+ })+) => {
        $($(
            $(#[$doc])+
            pub fn $name(bytes: &[u8]) {
                $module::$name(bytes);
            }
        )+)+

        /// Every target with its name.
        pub const TARGETS: &[(&str, fn(&[u8]))] = &[$($((stringify!($name), $name),)+)+];
    };
}

targets! {
    services {
        /// An answer of Exchange to a cmdlet that failed.
        cmdlet_error;
        /// A response of Graph, to one request and to a batch.
        graph_response;
        /// A response of Graph to a list, and to a delta query.
        graph_pages;
        /// A response of Exchange to a cmdlet.
        exchange_rows;
        /// A response of the sign-in service.
        sign_in;
        /// An access token, read for its claims.
        token_claims;
        /// The body of a change notification.
        notifications;
    }
    models {
        /// An object of Graph in JSON, as each of the models.
        graph_models;
        /// A row of Exchange in JSON, as each of the records.
        exchange_models;
        /// A text, as each of the ids, names, addresses and times.
        identifiers;
    }
    filters {
        /// A value and a text in recipient filters.
        opath_filter;
        /// A value in filters of OData.
        odata_filter;
    }
    powershell {
        /// A text as an argument of a command.
        powershell_argument;
        /// A text in the comments and messages of a script.
        powershell_script;
    }
    files {
        /// A spec in JSON or YAML.
        spec;
        /// A stored document: a plan, a report, a proof, a survey and the others.
        document;
        /// The settings of a client, as lines of `key=value`.
        client_config;
    }
}

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<fn(&[u8])> {
    TARGETS.iter().find(|(known, _)| *known == name).map(|(_, target)| *target)
}

/// What can be read at all is written and read again without a loss. Gives what was read.
///
/// `Debug` stands for equality, which not every document has.
fn survives<T: DeserializeOwned + Serialize + Debug>(json: &str) -> Option<T> {
    let read: T = serde_json::from_str(json).ok()?;
    let written = serde_json::to_string(&read).expect("what was read is written");
    let again: T = serde_json::from_str(&written)
        .unwrap_or_else(|error| panic!("{} is not read again: {error}: {written}", std::any::type_name::<T>()));
    assert_eq!(format!("{again:?}"), format!("{read:?}"), "{} changes: {written}", std::any::type_name::<T>());
    let rewritten = serde_json::to_string(&again).expect("what was read is written");
    assert_eq!(rewritten, written, "{} is written otherwise", std::any::type_name::<T>());
    Some(read)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_of_the_corpora_passes_its_target() {
        let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let folders: BTreeSet<String> =
            fs::read_dir(&corpora).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(folders, TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect());
        let mut failed = Vec::new();
        for (name, target) in TARGETS {
            let mut inputs = 0;
            for input in fs::read_dir(corpora.join(name)).unwrap() {
                let path = input.unwrap().path();
                let bytes = fs::read(&path).unwrap();
                inputs += 1;
                if std::panic::catch_unwind(|| target(&bytes)).is_err() {
                    failed.push(path);
                }
            }
            assert!(inputs > 0, "{name} has no inputs");
        }
        assert!(failed.is_empty(), "{failed:#?}");
    }
}
