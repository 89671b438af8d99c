//! The three pages of the device grant (RFC 8628 §3.3): enter the code, confirm, done.

use super::page;
use super::text::Ui;
use super::view::{ClientView, FormTarget, PersonView, ScopeView};

/// The form for the code that the device shows. Its field is `user_code`.
#[derive(Clone, Debug)]
pub struct DeviceCodePage {
    /// What the field holds already: from `verification_uri_complete`, or what was typed before.
    pub user_code: String,
    /// Why the form is shown again.
    pub error: Option<DeviceError>,
    /// Where the form goes.
    pub form: FormTarget,
}

/// Why a code was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceError {
    /// No device waits with this code.
    UnknownCode,
    /// The person or the address has to wait (RFC 8628 §5.1).
    TooManyAttempts {
        /// Seconds until the next attempt is judged.
        retry_after_seconds: u64,
    },
    /// The code was valid once.
    Expired,
}

impl DeviceError {
    /// The key of its message.
    const fn message(self) -> &'static str {
        match self {
            Self::UnknownCode => "device-error-unknown",
            Self::TooManyAttempts { .. } => "device-error-attempts",
            Self::Expired => "device-error-expired",
        }
    }

    /// The message in words, with the time to wait where waiting is what helps.
    fn text(self, ui: &Ui<'_>) -> String {
        let message = ui.t(self.message());
        match self.retry_after() {
            Some(seconds) => format!("{message} {}", ui.retry(seconds)),
            None => message,
        }
    }

    /// Seconds to wait, where waiting is what helps.
    const fn retry_after(self) -> Option<u64> {
        match self {
            Self::TooManyAttempts { retry_after_seconds } => Some(retry_after_seconds),
            _ => None,
        }
    }

    /// Whether what was typed is at fault.
    const fn marks_field(self) -> bool {
        !matches!(self, Self::TooManyAttempts { .. })
    }
}

impl DeviceCodePage {
    fn marks_field(&self) -> bool {
        self.error.is_some_and(DeviceError::marks_field)
    }
}

page!(DeviceCodePage, DeviceCodeTemplate, "device_code.html");

/// The question whether this device may act for a person. Its buttons send `decision` with `allow` or `deny`.
#[derive(Clone, Debug)]
pub struct DeviceConfirmPage {
    /// The client on the device.
    pub client: ClientView,
    /// Who is asked.
    pub person: PersonView,
    /// The code as the device shows it: `BCDF-GHJK`.
    pub user_code: String,
    /// What is asked for.
    pub scopes: Vec<ScopeView>,
    /// Where the form goes.
    pub form: FormTarget,
}

page!(DeviceConfirmPage, DeviceConfirmTemplate, "device_confirm.html");

/// The end of it: back to the device.
#[derive(Clone, Copy, Debug)]
pub struct DeviceDonePage {
    /// What the person decided.
    pub allowed: bool,
}

page!(DeviceDonePage, DeviceDoneTemplate, "device_done.html");
