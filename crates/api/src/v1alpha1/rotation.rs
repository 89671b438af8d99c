//! Rotation of client secrets, as a policy states it.

use super::text::{DurationText, seconds};
use kube::KubeSchema;
use serde::{Deserialize, Serialize};

/// When secrets rotate. Only policies with `enabled: true` count.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = (
        "!has(self.enabled) || !self.enabled || has(self.schedule) || has(self.maxAge)",
        "rotation needs to know when: write a schedule such as \"0 3 * * 0\", or a maxAge such as 90d"
    ),
    validation = Rule::new(concat!("!has(self.overlap) || ", seconds!("self.overlap"), " >= 600"))
        .message("the overlap is too short for applications to take over the new secret: write at least 10m")
        .field_path(".overlap"),
    validation = Rule::new(concat!(
        "!has(self.overlap) || !has(self.maxAge) || ",
        seconds!("self.overlap"),
        " < ",
        seconds!("self.maxAge")
    ))
        .message("the overlap must be shorter than maxAge: write a shorter overlap, or a longer maxAge")
        .field_path(".overlap")
)]
pub struct SecretRotation {
    /// Does this policy rotate secrets? Left out: no. Any policy that says true is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// When to rotate: five cron fields in UTC (minute, hour, day, month, weekday), such as "0 3 * * 0". Clients are spread
    /// over the hour that follows. Of several policies the earliest time counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 9, max = 128))]
    pub schedule: Option<String>,
    /// How long an old secret stays valid beside the new one: at least 10m and shorter than the interval. Default: 24h; of
    /// several policies the shortest counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overlap: Option<DurationText>,
    /// How old a secret may get, such as 90d. Of several policies the shortest counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<DurationText>,
}
