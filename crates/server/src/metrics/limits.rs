//! What was refused by limits, and how it goes with what replicas share.

use crate::limits::RULES;
use nauthera_core::limits::Rule;
use nauthera_store::limits::Health;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: &'static str,
}

/// Counters of limits, each held so that no request looks it up.
pub struct LimitMetrics {
    refused: Vec<(&'static str, Counter)>,
}

impl LimitMetrics {
    /// Registers them.
    #[must_use]
    pub fn register(registry: &mut Registry) -> Self {
        let refused = Family::<LimitLabels, Counter>::default();
        registry.register("limited", "Requests and logins refused for now, by limit", refused.clone());
        let each = RULES.iter().map(|rule| {
            let limit = rule.name;
            (limit, refused.get_or_create(&LimitLabels { limit }).clone())
        });
        Self { refused: each.collect() }
    }

    /// Counts a refusal.
    pub fn refused(&self, rule: &Rule) {
        if let Some((_, counter)) = self.refused.iter().find(|(name, _)| *name == rule.name) {
            counter.inc();
        }
    }
}

/// Tells how it goes with what replicas share, when metrics are read.
#[derive(Debug)]
pub struct LimitHealth(pub Arc<Health>);

impl Collector for LimitHealth {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let away = ConstGauge::new(i64::from(self.0.is_away()));
        let help = "1 while this replica goes by its own limits, because what replicas share is away";
        let metric = encoder.encode_descriptor("limits_away", help, None, away.metric_type())?;
        away.encode(metric)?;
        let missed = ConstCounter::new(self.0.missed());
        let help = "Questions about limits that what replicas share did not answer";
        let metric = encoder.encode_descriptor("limits_unanswered", help, None, missed.metric_type())?;
        missed.encode(metric)
    }
}
