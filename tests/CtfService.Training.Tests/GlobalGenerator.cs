// Training draws from libtorch's global generator, which every step seeds, so parallel tests would disturb each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
