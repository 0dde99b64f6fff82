//! Looking at the tenant after each request.

use std::sync::Arc;

use crate::FakeTenant;

/// Who looks at the tenant after each request.
pub(crate) type Watcher = Arc<dyn Fn(&FakeTenant) + Send + Sync>;

impl FakeTenant {
    /// Calls `watcher` after each request, once its effect is there and before it is answered: to hold the tenant against
    /// a promise that is to be kept at every moment. It replaces the one before.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering};
    ///
    /// let tenant = fake_tenant::FakeTenant::contoso();
    /// let most = Arc::new(AtomicUsize::new(0));
    /// let seen = Arc::clone(&most);
    /// tenant.watch(move |tenant| {
    ///     seen.fetch_max(tenant.rooms().len(), Ordering::Relaxed);
    /// });
    /// # let request = fake_tenant::Request::get("https://graph.microsoft.com/v1.0/organization");
    /// let _ = tenant.handle(&request);
    /// assert_eq!(most.load(Ordering::Relaxed), 40);
    /// ```
    pub fn watch(&self, watcher: impl Fn(&Self) + Send + Sync + 'static) {
        self.state().watcher = Some(Arc::new(watcher));
    }

    /// Nobody looks any more.
    pub fn unwatch(&self) {
        self.state().watcher = None;
    }
}
