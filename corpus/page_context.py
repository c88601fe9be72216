"""What every page of a corpus is drawn with."""


def context(corpus, here, **more):
    """What base.html needs to draw the bar of a corpus page."""
    return {"corpus": corpus, "role": corpus.my_role, "here": here, **more}
