//! The hand-over to PlaceOS: its calendar module, Staff API tenant, systems and bookings modules, done through its API with
//! plan and dry run, and started only once the restriction is verified. Feature `placeos`.
//!
//! [`HandOver`] reads what is there ([`observe`](HandOver::observe)), derives ordered steps from it
//! ([`plan`](HandOver::plan), pure) and makes them ([`apply`](HandOver::apply)). [`reconcile()`] compares the rooms of
//! Exchange, the members of the group and the systems of PlaceOS, and says of each difference who mends it, and how.
//! [`PlaceOs`] is the client below both.

mod api;
mod change;
mod hand_over;
mod reconcile;
mod user_sign_in;
mod zones;

pub use self::api::{
    AuthSource, AuthSourceSettings, BookingsSettings, CalendarConfig, CalendarCredentials, CalendarSettings,
    EncryptionLevel, Endpoint, NewSystem, NewZone, PlaceOs, PlaceOsCredential, PlaceOsDomain, PlaceOsDriver,
    PlaceOsError, PlaceOsErrorKind, PlaceOsModule, PlaceOsService, PlaceOsZone, SettingsRecord, SettingsView,
    StaffTenant, StaffTenantChange, System, SystemUpdate, endpoints,
};
pub use self::change::{HandOverChange, ModuleRef, Owner, SystemChange, SystemRef, SystemState, ZoneRef};
pub use self::hand_over::{
    ApplyHandOver, HandOver, HandOverError, HandOverFacts, HandOverFinding, HandOverFindingKind, HandOverPlan,
    HandOverReport, HandOverStage, HandOverStageReport, HandOverStep, HandOverStepReport, StaffAccess,
};
pub use self::reconcile::{
    ExchangeRoom, Fix, ReconcileFacts, Reconciliation, RoomDifference, RoomDifferenceKind, reconcile,
};
pub use self::user_sign_in::{
    UserSignIn, UserSignInError, UserSignInPlan, UserSignInReport, UserSignInStep, UserSignInStepReport,
};
pub use self::zones::ZoneMap;
