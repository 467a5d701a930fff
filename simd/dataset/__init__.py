"""A set on disk: what `build` and `import` write, and methods, metrics and reports read.

=================  =========================================================================================
manifest           dataset.json and metadata.jsonl: a set opened, its samples, digests and counts
card               README.md, as dataset hubs read it
info               dataset.json read and checked, and compared with the rows
layers             the images of a composite, compared with the digests that its row states
resumable_writing  a set written item by item, so that a killed run goes on to the same bytes
planned_again      a finished set against the plan of a run: the same, or what differs
ledger             licences.csv: who has checked which licence and when, compared with the rows
verify             whether every pixel of a set is what was built
predictions        run.json, what a folder of predicted mattes says of itself
published_digests  the digests of the sets whose recipes are shipped
exports/           a set in the layouts of other tools, and back
unreviewed         images whose class nobody has said or reviewed: how many, and what they count for
review             which composites were tagged or excluded
=================  =========================================================================================
"""
