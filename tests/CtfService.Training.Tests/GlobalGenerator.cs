// Training draws from libtorch's one global generator, which every step seeds: two tests at once would disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
