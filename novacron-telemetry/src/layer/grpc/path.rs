//! What a path names: `/package.Service/Method`.

/// Service and method of a path; `None` if it does not name exactly both.
pub(crate) fn parse(path: &str) -> Option<(&str, &str)> {
    let (service, method) = path.strip_prefix('/')?.split_once('/')?;
    let fine = !service.is_empty() && !method.is_empty() && !method.contains('/');
    fine.then_some((service, method))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_two_names_or_none() {
        assert_eq!(parse("/a.B/C"), Some(("a.B", "C")));
        for odd in [
            "", "/", "//", "/a", "/a/", "//a", "a/b", "/a/b/", "/a/b/c", "*",
        ] {
            assert_eq!(parse(odd), None, "{odd}");
        }
    }
}
