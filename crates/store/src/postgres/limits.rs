//! Limits that all replicas share. Each is judged and counted by one statement on one row, by the same arithmetic as
//! [`nauthera_core::limits`]; those of one attempt are sent together and take one round trip.

use super::pool::{Steps, Values};
use super::row::{bucket, first, get, statements};
use crate::limits::{Answer, Ask, Ending, is_refused};
use crate::{Result, StoreError};
use nauthera_core::limits::{State, Verdict, Wait};
use nauthera_core::time::Micros;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// The level after an attempt that is admitted, given `$2` now, `$3` step and `$4` most.
macro_rules! next {
    () => {
        "LEAST(GREATEST(limits.level, $2::BIGINT) + $3::BIGINT, $2::BIGINT + $4::BIGINT)"
    };
}

/// The end of the wait when the level is `$level`, given `$2` now, `$3` step, `$5` longest, `$6` free and `$7` first.
macro_rules! end_of_wait {
    ($level:expr) => {
        concat!(
            "CASE WHEN ",
            $level,
            " <= $2::BIGINT + $6::BIGINT THEN $2::BIGINT
                  WHEN $7::BIGINT = 0 THEN LEAST(",
            $level,
            " - $6::BIGINT, $2::BIGINT + $5::BIGINT)
                  ELSE $2::BIGINT + LEAST($5::BIGINT, $7::BIGINT * POWER(2::NUMERIC, LEAST(
                      CEIL((",
            $level,
            " - $2::BIGINT - $6::BIGINT)::NUMERIC / $3::BIGINT) - 1, 30))::BIGINT) END"
        )
    };
}

/// One of two values, by whether the attempt must wait.
macro_rules! where_refused {
    ($refused:expr, $admitted:expr) => {
        concat!("CASE WHEN limits.until_at > $2::BIGINT THEN ", $refused, " ELSE ", $admitted, " END")
    };
}

/// The level, no further ahead than it may be.
macro_rules! capped {
    () => {
        "LEAST(limits.level, $2::BIGINT + $4::BIGINT)"
    };
}

/// The wait after a failure.
macro_rules! later {
    () => {
        concat!("LEAST(GREATEST(limits.until_at, ", end_of_wait!(capped!()), "), $2::BIGINT + $5::BIGINT)")
    };
}

statements! {
    ADMIT = concat!(
        "INSERT INTO limits (subject, level, until_at, before_at, refused, bucket)
         VALUES ($1, $8::BIGINT, $9::BIGINT, 0, FALSE, $10::SMALLINT) ON CONFLICT (subject) DO UPDATE SET
             refused = limits.until_at > $2::BIGINT,
             level = ", where_refused!("LEAST(limits.level, $2::BIGINT + $4::BIGINT)", next!()), ",
             until_at = ", where_refused!("LEAST(limits.until_at, $2::BIGINT + $5::BIGINT)", end_of_wait!(next!())), ",
             before_at = ", where_refused!(
                 "LEAST(limits.before_at, limits.until_at, $2::BIGINT + $5::BIGINT)", "limits.until_at"), "
         RETURNING refused, level, until_at, before_at"
    );
    FAILED = concat!(
        "UPDATE limits SET level = ", capped!(), ", until_at = ", later!(), ", before_at = ", later!(),
        " WHERE subject = $1"
    );
    UNDONE = "UPDATE limits SET level = level - $2::BIGINT, until_at = before_at WHERE subject = $1";
    CLEARED = "DELETE FROM limits WHERE subject = $1";
}

/// A limit's subject, rule and time, as the values of a statement.
struct Bound<'a> {
    subject: &'a [u8],
    /// `$2` to `$7`, and for [`ADMIT`] what the row holds where there is none yet.
    numbers: [i64; 8],
    bucket: i16,
}

impl<'a> Bound<'a> {
    fn of(ask: &'a Ask, now: Micros) -> Self {
        let rule = ask.rule.numbers();
        let (fresh, _) = ask.rule.admit(State::FRESH, now);
        let numbers =
            [now.0, rule.step, rule.most, rule.longest, rule.free, rule.first, fresh.level, fresh.until];
        Self { subject: &ask.key.0, numbers, bucket: bucket(&ask.key.0) }
    }

    /// The subject and so many of the numbers.
    fn values(&self, numbers: usize) -> Vec<&(dyn ToSql + Sync)> {
        let subject: &(dyn ToSql + Sync) = &self.subject;
        let numbers = self.numbers.iter().take(numbers).map(|number| number as &(dyn ToSql + Sync));
        std::iter::once(subject).chain(numbers).collect()
    }

    fn admission(&self) -> Vec<&(dyn ToSql + Sync)> {
        let mut values = self.values(self.numbers.len());
        values.push(&self.bucket);
        values
    }
}

pub(super) async fn admit(steps: &Steps, asked: &[Ask], now: Micros) -> Result<Vec<Answer>> {
    let bound: Vec<Bound<'_>> = asked.iter().map(|ask| Bound::of(ask, now)).collect();
    let values: Vec<_> = bound.iter().map(Bound::admission).collect();
    let statements: Vec<(&'static str, Values<'_>)> =
        values.iter().map(|values| (ADMIT, values.as_slice())).collect();
    let rows = steps.write_each(&statements).await?;
    let answers: Vec<Answer> = rows.iter().map(|rows| answer(rows, now)).collect::<Result<_>>()?;
    if answers.iter().any(is_refused) && !answers.iter().all(is_refused) {
        // Whoever is refused is counted nowhere. It happens once in a wait: the replica remembers who must wait.
        let admitted = asked.iter().zip(&answers).filter(|(_, answer)| !is_refused(answer));
        let undone: Vec<_> = admitted.map(|(ask, _)| (*ask, Ending::Undone)).collect();
        settle(steps, &undone, now).await?;
        let restored = asked.iter().zip(answers).map(|(ask, answer)| match answer.verdict {
            Verdict::Admitted => Answer { state: ask.rule.undone(answer.state), ..answer },
            Verdict::Refused(_) => answer,
        });
        return Ok(restored.collect());
    }
    Ok(answers)
}

fn answer(rows: &[Row], now: Micros) -> Result<Answer> {
    let decoded = first(rows, |row| {
        let state = State { level: get(row, 1)?, until: get(row, 2)?, before: get(row, 3)? };
        let wait = Wait { micros: state.until.saturating_sub(now.0).max(1) };
        let verdict = if get(row, 0)? { Verdict::Refused(wait) } else { Verdict::Admitted };
        Ok(Answer { state, verdict })
    })?;
    decoded.ok_or_else(|| StoreError::Corrupt("a limit was judged and says nothing".into()))
}

pub(super) async fn settle(steps: &Steps, ended: &[(Ask, Ending)], now: Micros) -> Result<()> {
    let bound: Vec<Bound<'_>> = ended
        .iter()
        .map(|(ask, ending)| {
            let mut bound = Bound::of(ask, now);
            if *ending == Ending::Undone {
                bound.numbers[0] = ask.rule.numbers().step;
            }
            bound
        })
        .collect();
    let each = bound.iter().zip(ended).map(|(bound, (_, ending))| match ending {
        Ending::Failed => (FAILED, bound.values(6)),
        Ending::Undone => (UNDONE, bound.values(1)),
        Ending::Cleared => (CLEARED, bound.values(0)),
    });
    let values: Vec<_> = each.collect();
    let statements: Vec<(&'static str, Values<'_>)> =
        values.iter().map(|(sql, values)| (*sql, values.as_slice())).collect();
    steps.write_each(&statements).await.map(drop)
}
