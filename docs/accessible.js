// What the theme leaves out: a name for the search, and the keyboard for what scrolls sideways.
document$.subscribe(() =>
  requestAnimationFrame(() => {
    document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
    for (const wide of document.querySelectorAll(".md-typeset__scrollwrap, .md-typeset pre > code")) wide.tabIndex = 0;
  })
);
