"""The published network that a recipe names."""

from collections.abc import Callable, Mapping

from modeling.learner.networks.published.bc_lstm import ContextualLSTM
from modeling.learner.networks.published.cim_att import ContextualInterModal
from modeling.learner.networks.published.context_gated_conv import CrossModalConvolution
from modeling.learner.networks.published.dialogue_gcn import DialogueGCN
from modeling.learner.networks.published.dialogue_rnn import DialogueRNN
from modeling.learner.networks.published.gated_att import GatedAttention
from modeling.learner.networks.published.interface import Body
from modeling.learner.networks.published.lf_dnn import LateFusion
from modeling.learner.networks.published.m2fnet import M2FNet
from modeling.learner.networks.published.m2seq2seq import TaskDecoder
from modeling.learner.networks.published.middya import ModelLevelFusion
from modeling.learner.networks.published.mil import DualGates
from modeling.learner.networks.published.mimn import MemoryNetwork
from modeling.learner.networks.published.misa import MISA
from modeling.learner.networks.published.mm_dfn import MMDFN
from modeling.learner.networks.published.mmgcn import MMGCN
from modeling.learner.networks.published.mmim import MMIM
from modeling.learner.networks.published.qin import InteractiveNetwork
from modeling.learner.networks.published.qmsa import QuantumSentiment
from modeling.learner.networks.published.self_mm import SelfMM
from modeling.learner.recipes import Recipe

BODIES: dict[str, Callable[[Mapping[str, int], Recipe, Mapping[str, int]], Body]] = {
    "bc_lstm": ContextualLSTM,
    "dialogue_rnn": DialogueRNN,
    "cim_att": ContextualInterModal,
    "gated_att": GatedAttention,
    "qmsa": QuantumSentiment,
    "middya": ModelLevelFusion,
    "context_gated_conv": CrossModalConvolution,
    "mimn": MemoryNetwork,
    "qin": InteractiveNetwork,
    "misa": MISA,
    "mmgcn": MMGCN,
    "dialogue_gcn": DialogueGCN,
    "mm_dfn": MMDFN,
    "self_mm": SelfMM,
    "mmim": MMIM,
    "lf_dnn": LateFusion,
    "m2fnet": M2FNet,
    "m2seq2seq": TaskDecoder,
    "mil": DualGates,
}


def build_body(recipe: Recipe, sizes: Mapping[str, int], classes: Mapping[str, int]) -> Body:
    """The network of a recipe for frames of these dimensions and tasks of so many classes.

    Raises KeyError for another name.
    """
    return BODIES[recipe.network](sizes, recipe, classes)
