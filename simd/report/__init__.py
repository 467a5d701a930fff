"""Show: statistics, leaderboards and pages."""
