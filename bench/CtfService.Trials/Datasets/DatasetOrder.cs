namespace CtfService.Trials.Datasets;

/// <summary>A data set to make: images of all classes in equal numbers, in WebDataset files.</summary>
internal sealed record DatasetOrder(int Images, ulong Seed)
{
    private const int Classes = 24; // of the model that ships

    /// <summary>The body of the request.</summary>
    public object Body => new
    {
        counts = Enumerable.Range(0, Math.Min(Classes, Images))
            .ToDictionary(label => $"{label}", label => (Images / Classes) + (label < Images % Classes ? 1 : 0)),
        seed = Seed,
        format = "webdataset",
    };
}
