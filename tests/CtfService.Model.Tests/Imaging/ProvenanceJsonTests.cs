using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Imaging;

public sealed class ProvenanceJsonTests
{
    private static readonly ImageSpecification Specification =
        new(1, 7, new SamplingSettings(Temperature: 1.1f, GuidanceScale: 2), new SamplingSettings(TopK: 3));

    private static readonly ImageProvenance Banana = ImageProvenance.Of(FakeModels.Fruits, Specification) with { Software = "CtfService 1.2.3" };

    private static readonly ImageProvenance Edit = ImageProvenance.Of(FakeModels.Fruits, Specification with
    {
        Layout = new LayoutSource.Edited(new RgbImage(8, 8, new byte[8 * 8 * 3]), EditMask.FromRuns(8, 8, [32, 32])),
    });

    [Fact]
    public void Serialize_OneImage_EqualsTheDocumentation()
    {
        Assert.Equal(
            """
            {"software":"CtfService 1.2.3","model":"fruits-fake",
            "bundle_hash":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "class_id":1,"class_label":"banana","seed":7,"layout":"drawn",
            "coarse":{"temperature":1.1,"top_k":0,"top_p":1,"guidance_scale":2,"guidance_interval":-1},
            "fine":{"temperature":1,"top_k":3,"top_p":1,"guidance_scale":1,"guidance_interval":-1},"sampler":"gumbel_max"}
            """.ReplaceLineEndings(""),
            ProvenanceJson.Serialize(Banana));
    }

    [Fact]
    public void Deserialize_RandomSettings_RoundTrips()
    {
        var random = new Random(5);
        for (var i = 0; i < 500; i++)
        {
            var settings = new SamplingSettings(
                random.NextSingle() * 10, random.Next(), random.NextSingle(), 1 + (random.NextSingle() * 19), random.Next(-1, 100));
            var image = Banana with
            {
                Seed = (ulong)random.NextInt64(long.MinValue, long.MaxValue),
                Coarse = settings,
                Device = "cpu",
                Dtype = "int8",
                Sheet = new SheetShape(random.Next(1, 9), 3),
            };

            Assert.Equal(image, ProvenanceJson.Deserialize(ProvenanceJson.Serialize(image)));
        }
    }

    [Fact]
    public void Serialize_Edit_EqualsTheDocumentation()
    {
        Assert.Contains(
            $"\"layout\":\"edited\",\"kept\":{{\"picture\":\"{Edit.Kept!.Picture}\",\"positions\":2,\"mask\":[32,32]}},\"coarse\":{{",
            ProvenanceJson.Serialize(Edit),
            StringComparison.Ordinal);
        Assert.Equal(Edit, ProvenanceJson.Deserialize(ProvenanceJson.Serialize(Edit)));
    }

    [Theory]
    [InlineData("\"mask\":[32,32]", "\"mask\":[65,-1]", "kept.mask has a run of -1, expected at least 0")]
    [InlineData("\"mask\":[32,32]", "\"mask\":[2147483647,2147483647]", "kept.mask has 4294967294 values, expected at most")]
    [InlineData("\"mask\":[32,32]", "\"mask\":[4294967296]", "mask")]
    [InlineData("\"mask\":[32,32]", "\"mask\":[1.5]", "mask")]
    [InlineData("\"mask\":[32,32]", "\"mask\":[null]", "mask")]
    [InlineData("\"mask\":[32,32]", "\"mask\":7", "mask")]
    [InlineData("\"positions\":2", "\"positions\":-2", "kept.positions is -2, expected at least 0")]
    [InlineData("\"positions\":2,", "", "positions")]
    [InlineData("\"picture\":\"", "\"picture\":\"A", "expected a SHA-256 of 64 lower-case hex digits")]
    [InlineData("\"picture\":", "\"image\":", "layout is edited, but kept.picture is missing")]
    [InlineData("\"kept\":", "\"left\":", "layout is edited, but kept.picture is missing")]
    public void Deserialize_WrongValueOfAnEdit_NamesIt(string right, string wrong, string expected)
    {
        var json = ProvenanceJson.Serialize(Edit);
        Assert.Contains(right, json, StringComparison.Ordinal);

        var error = Assert.Throws<InvalidDataException>(() => ProvenanceJson.Deserialize(json.Replace(right, wrong, StringComparison.Ordinal)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deserialize_FieldOfANewerVersion_IsIgnored()
    {
        var json = ProvenanceJson.Serialize(Banana);

        Assert.Equal(Banana, ProvenanceJson.Deserialize(json.Replace("\"seed\":7", "\"seed\":7,\"mood\":\"bright\"", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("\"gumbel_max\"", "\"quantum_2\"", "quantum_2")]
    [InlineData(",\"sampler\":\"gumbel_max\"", "", null)]
    public void Deserialize_OtherSamplerOrNone_KeepsIt(string right, string other, string? expected)
    {
        var json = ProvenanceJson.Serialize(Banana).Replace(right, other, StringComparison.Ordinal);

        Assert.Equal(expected, ProvenanceJson.Deserialize(json).Sampler);
    }

    [Theory]
    [InlineData("\"seed\":7", "\"seed\":-1", "seed")]
    [InlineData("\"seed\":7,", "", "seed")]
    [InlineData("\"seed\":7", "\"seed\":7,\"seed\":8", "seed")]
    [InlineData("\"layout\":\"drawn\"", "\"layout\":\"stolen\"", "layout")]
    [InlineData("\"layout\":\"drawn\"", "\"layout\":1", "layout")]
    [InlineData("\"class_id\":1", "\"class_id\":-1", "class_id is -1, expected at least 0")]
    [InlineData("\"temperature\":1.1", "\"temperature\":-1", "coarse.temperature is -1, expected 0 to 1000")]
    [InlineData("\"temperature\":1.1", "\"temperature\":1e99", "coarse.temperature is")]
    [InlineData("\"top_k\":3", "\"top_k\":-3", "fine.top_k is -3, expected 0 or more")]
    [InlineData("\"seed\":7", "\"seed\":7,\"quality\":101", "quality is 101, expected 0 to 100")]
    [InlineData("\"seed\":7", "\"seed\":7,\"sheet\":{\"images_per_class\":0,\"columns\":1}", "sheet is")]
    [InlineData("\"seed\":7", "\"seed\":7,\"sheet\":{\"images_per_class\":1,\"columns\":65537}", "expected 1 to 65536 each")]
    [InlineData("\"seed\":7", "\"seed\":7,\"window\":1", "window is 1, expected 2 to 32")]
    [InlineData("\"gumbel_max\"", "7", "sampler")]
    [InlineData("\"gumbel_max\"", "\"\"", "sampler is not a name of 1 to 40")]
    [InlineData("\"gumbel_max\"", "\"Gumbel\\nmax\"", "sampler is not a name of 1 to 40")]
    [InlineData("{\"software\"", "[\"software\"", "damaged")]
    [InlineData("\"model\":\"fruits-fake\"", "\"model\":null", "model")]
    public void Deserialize_WrongValue_NamesIt(string right, string wrong, string expected)
    {
        var json = ProvenanceJson.Serialize(Banana);
        Assert.Contains(right, json, StringComparison.Ordinal);

        var error = Assert.Throws<InvalidDataException>(() => ProvenanceJson.Deserialize(json.Replace(right, wrong, StringComparison.Ordinal)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }
}
