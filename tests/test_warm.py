from simd.warm import warm


def test_what_compiles_is_compiled_without_weights_or_a_command():
    warm()  # a method that cannot be loaded without weights must be named as one that compiles nothing
