using CtfService.Core.Generation;
using CtfService.Datasets.Plans;
using CtfService.Model.Imaging;

namespace CtfService.Datasets.Tests.Formats;

/// <summary>What all formats have in common.</summary>
public sealed class ShardFormatTests
{
    public static TheoryData<DatasetFormat> Formats { get; } = [.. Enum.GetValues<DatasetFormat>()];

    [Theory]
    [MemberData(nameof(Formats))]
    public async Task Files_WrittenTwice_AreTheSame(DatasetFormat format)
    {
        var first = await FakeDataset.Files(FakeDataset.Format(FakeDataset.Plan(format)));
        var second = await FakeDataset.Files(FakeDataset.Format(FakeDataset.Plan(format)));

        Assert.Equal(first, second);
    }

    [Theory]
    [InlineData(DatasetFormat.Imagefolder, "images-000002.tar")]
    [InlineData(DatasetFormat.Webdataset, "images-000002.tar")]
    [InlineData(DatasetFormat.Npz, "images-000002.pixels")]
    [InlineData(DatasetFormat.Parquet, "images-00002-of-00003.parquet")]
    public void ShardName_OfAFormat_IsTheOneThatItsReadersExpect(DatasetFormat format, string name)
    {
        Assert.Equal(name, FakeDataset.Format(FakeDataset.Plan(format)).ShardName(2));
    }

    [Theory]
    [InlineData(ImageFormat.Png, null)]
    [InlineData(ImageFormat.Webp, 70)]
    public void Encode_AnImage_IsAFileWithProvenance(ImageFormat imageFormat, int? quality)
    {
        var format = FakeDataset.Format(FakeDataset.Plan() with { ImageFormat = imageFormat, Quality = 70 });
        var planned = format.Dataset.Image(4);

        var file = format.Encode(planned, FakeDataset.Draw(format.Dataset, planned));

        var provenance = ImageFile.FindProvenance(file.Content)!;
        Assert.Equal((planned.Specification.Seed, planned.Specification.ClassId, quality), (provenance.Seed, provenance.ClassId, provenance.Quality));
    }
}
