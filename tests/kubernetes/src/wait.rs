//! Waiting for what comes true by itself, with a deadline.

use anyhow::{Result, bail};
use std::time::Duration;

/// Long enough for anything that a busy machine does late; a test that needs a promise of time names its own.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until there is an answer. An error is none yet: the last one is told when the deadline has passed.
///
/// # Errors
/// When there is no answer in time: what was waited for, and what was said last.
pub async fn wait_for<T>(
    what: &str,
    deadline: Duration,
    mut ask: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let mut last = "nothing yet".to_owned();
    let answer = tokio::time::timeout(deadline, async {
        let mut ticks = tokio::time::interval(Duration::from_millis(50));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match ask().await {
                Ok(Some(answer)) => return answer,
                Ok(None) => {}
                Err(error) => last = format!("{error:#}"),
            }
        }
    });
    match answer.await {
        Ok(answer) => Ok(answer),
        Err(_) => bail!("{what}: not within {deadline:?}; at last: {last}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_ends_the_waiting() {
        let mut asked = 0;
        let answer = wait_for("three", PATIENCE, async || {
            asked += 1;
            if asked == 1 { bail!("not yet") } else { Ok((asked == 3).then_some(asked)) }
        });
        assert_eq!(answer.await.unwrap(), 3);
    }

    #[tokio::test]
    async fn a_deadline_tells_what_was_said_last() {
        let never = async || -> Result<Option<()>> { bail!("the door is shut") };
        let told = wait_for("the door", Duration::from_millis(1), never).await.unwrap_err().to_string();
        assert_eq!(told, "the door: not within 1ms; at last: the door is shut");
    }
}
