"""What every room needs and that knows no network: languages, files, names, threads, processes."""
