"""Names that have led out of the folders of other servers."""


def traversals() -> list[str]:
    """Return 200 different ways to say a path outside, as they have been tried on other servers."""
    ups = ["../", "..\\", "%2e%2e/", "%2e%2e%2f", "..%2f", "..%5c", "%252e%252e%252f", "....//", "..;/"]
    ups += ["%c0%ae%c0%ae/", "..%c0%af", "..%00/", ".%2e/", "%2e./", "..%ef%bc%8f", "\u2025/", "..\u2215"]
    ends = ["etc/passwd", "etc/shadow%00.png", "proc/self/environ", "outside.json", "outside.png"]
    made = [up * depth + end for up in ups for depth in (1, 3) for end in ends]
    made += ["/etc/passwd", "//etc/passwd", "\\\\host\\share", "file:///etc/passwd", "C:\\windows\\win.ini"]
    made += ["~/.ssh/id_rsa", "$HOME/x", "`id`", "|id", "con", "nul", ".", "..", "...", "-rf", "a" * 900]
    made += ["\u0000", "a\u0000b", "a\nb", "%ed%a0%80", "%", "%%", "?x", "#x", "../", "..%2f", "%2e", "/"]
    made += ["тест/../../x", "\u202e../x", "0/../../1"]
    assert len(set(made)) >= 200
    return sorted(set(made))
