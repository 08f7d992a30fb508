//! The programs in the pages of `docs/`, as somebody would copy them.

/// The text of a page's block in a language that contains this.
pub fn block(page: &str, language: &str, containing: &str) -> String {
    let fence = format!("```{language}\n");
    let mut blocks = page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(containing)).unwrap().to_owned()
}
