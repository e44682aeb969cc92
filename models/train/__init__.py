"""The recipe of the embedded model: from folders of IOB gold to a quantised model folder."""
