"""Published networks over one utterance, with the settings that MMSA publishes for CH-SIMS."""
