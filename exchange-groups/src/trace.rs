//! The span of a run: every call that it makes is inside it.

/// A span with the group, the application and an id of its own, by which the calls of one run are found in a log.
macro_rules! run {
    ($name:literal, $spec:expr) => {{
        let spec: &$crate::spec::RestrictedCalendarGroup = &$spec;
        tracing::info_span!(
            $name,
            group = %spec.address,
            application = %spec.application,
            run_id = %uuid::Uuid::new_v4(),
        )
    }};
}
pub(crate) use run;
