//! A bell that any number of workers hear: who was busy when it rang hears it afterwards, and once.

use tokio::sync::watch;

/// Rings for everybody.
#[derive(Debug)]
pub struct Bell(watch::Sender<u64>);

impl Default for Bell {
    fn default() -> Self {
        Self(watch::Sender::new(0))
    }
}

impl Bell {
    /// Rings.
    pub fn ring(&self) {
        self.0.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hears it from now on.
    #[must_use]
    pub fn hear(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

/// Hears a [`Bell`].
pub struct Ear(watch::Receiver<u64>);

impl Ear {
    /// Waits until it has rung since the last time; for ever once the bell is gone.
    pub async fn rung(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
