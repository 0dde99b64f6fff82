//! One program for every target, so that a single build fuzzes them all: `FUZZ_TARGET` names the one to run.
//!
//! `tests/fuzz/run` starts it.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names the target");
    fuzz_targets::target(&name).unwrap_or_else(|| panic!("{name} is no target"))
});

fuzz_target!(|bytes: &[u8]| (*TARGET)(bytes));
