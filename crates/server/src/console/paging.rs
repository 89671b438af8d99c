//! Long lists in pages.

/// How many rows a page has.
pub const PAGE: usize = 50;

/// Where one page lies in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// The page, from 1.
    pub page: usize,
    /// How many pages there are; at least one.
    pub pages: usize,
    /// How many rows the list has.
    pub total: usize,
}

impl Paging {
    /// The page that was asked for, as far as there is one.
    pub fn of(asked: Option<&str>, total: usize) -> Self {
        let pages = total.div_ceil(PAGE).max(1);
        let page = asked.and_then(|text| text.parse::<usize>().ok()).unwrap_or(1).clamp(1, pages);
        Self { page, pages, total }
    }

    /// Rows before this page.
    pub const fn skipped(&self) -> usize {
        (self.page - 1) * PAGE
    }

    /// The number of the first row.
    pub const fn first(&self) -> usize {
        if self.total == 0 { 0 } else { self.skipped() + 1 }
    }

    /// The number of the last row.
    pub fn last(&self) -> usize {
        (self.skipped() + PAGE).min(self.total)
    }

    /// The page before.
    pub fn previous(&self) -> Option<usize> {
        (self.page > 1).then(|| self.page - 1)
    }

    /// The page after.
    pub fn next(&self) -> Option<usize> {
        (self.page < self.pages).then_some(self.page + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_into_pages_without_gap_or_overlap() {
        let second = Paging::of(Some("2"), 120);
        assert_eq!((second.first(), second.last(), second.pages), (51, 100, 3));
        assert_eq!((second.previous(), second.next()), (Some(1), Some(3)));
        let last = Paging::of(Some("3"), 120);
        assert_eq!((last.first(), last.last(), last.next()), (101, 120, None));
    }

    #[test]
    fn a_page_that_is_not_there_is_the_nearest_one() {
        for (asked, page) in [(None, 1), (Some("0"), 1), (Some("-1"), 1), (Some("x"), 1), (Some("99"), 3)] {
            assert_eq!(Paging::of(asked, 120).page, page, "{asked:?}");
        }
    }

    #[test]
    fn an_empty_list_has_one_empty_page() {
        let empty = Paging::of(None, 0);
        assert_eq!((empty.first(), empty.last(), empty.pages), (0, 0, 1));
    }
}
