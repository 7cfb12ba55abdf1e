"""From files to predictions: data, recipes, training runs, sweeps, trained models applied."""
