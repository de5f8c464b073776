using System.Text;
using CtfService.Core.Classes;
using CtfService.Core.Models;
using CtfService.Model.Checkpoints;
using CtfService.Model.Conversion;
using CtfService.Model.Tests.Support;
using CtfService.TestSupport;

namespace CtfService.Model.Tests.Conversion;

public sealed class RecognitionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Published => PublishedKeys.Names;

    [Theory]
    [MemberData(nameof(Published))]
    public void Recognize_PublishedKeys_NamesTheArchitecture(string name)
    {
        using var file = SafetensorsFile.Open(Outline(PublishedKeys.Shapes(name)));

        Recognition recognition = TransformerRecognizer.IsTransformer(file) ? TransformerRecognizer.Recognize(file) : TokenizerRecognizer.Recognize(file);

        Assert.Equal(name, recognition.PublishedName);
        Assert.Equal(recognition is RecognizedTransformer, recognition.Unknown.Any(unknown => unknown.StartsWith("image size", StringComparison.Ordinal)));
    }

    [Fact]
    public void Recognize_GroupedQueryAttention_IsNotSupported()
    {
        var shapes = new Dictionary<string, long[]>(PublishedKeys.Shapes("GPT-B"));
        shapes["layers.0.attention.wqkv.weight"] = [1280, 768];
        using var file = SafetensorsFile.Open(Outline(shapes));

        var error = Assert.Throws<CheckpointException>(() => TransformerRecognizer.Recognize(file));

        Assert.Contains("Grouped-query attention is not supported", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1111)]
    [InlineData(2064)] // rounded up to a multiple of 24
    [InlineData(3072)] // ffn_dim_multiplier 1.5
    [InlineData(2048)] // the rule
    public void Recognize_AnyFeedForwardWidth_IsTakenFromTheShapes(int feedForwardWidth)
    {
        var shapes = new Dictionary<string, long[]>(PublishedKeys.Shapes("GPT-B"));
        shapes["layers.0.feed_forward.w1.weight"] = [feedForwardWidth, 768];
        using var file = SafetensorsFile.Open(Outline(shapes));

        var config = TransformerRecognizer.Recognize(file).Config(gridSide: 16, causal: true, heads: 0);

        Assert.Equal(feedForwardWidth, config.FeedForwardWidth);
        Assert.Equal(feedForwardWidth == 2048, config.GivenFeedForwardWidth is null);
    }

    [Fact]
    public void ImageNetClasses_Names_AreUniqueAndInOrder()
    {
        var catalog = new ClassCatalog(ImageNetClasses.Names, ImageNetClasses.WordNetIds);

        Assert.Equal(ImageNetClasses.Count, catalog.Count);
        Assert.Equal(207, catalog.Find("golden retriever")?.Id);
        Assert.Equal(207, catalog.Find("n02099601")?.Id);
        Assert.Equal(ImageNetClasses.WordNetIds.Order(StringComparer.Ordinal), ImageNetClasses.WordNetIds);
        Assert.Contains("crane_n02012849", catalog.Suggest("crane"));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>Writes a sparse file with these shapes: its weights take no disk space.</summary>
    private string Outline(IEnumerable<KeyValuePair<string, long[]>> shapes)
    {
        var json = new StringBuilder("{");
        var offset = 0L;
        foreach (var (name, shape) in shapes)
        {
            var end = offset + (shape.Aggregate(1L, (product, size) => product * size) * sizeof(float));
            json.Append(json.Length > 1 ? "," : "")
                .Append($$""" "{{name}}":{"dtype":"F32","shape":[{{string.Join(",", shape)}}],"data_offsets":[{{offset}},{{end}}]}""");
            offset = end;
        }

        var header = Encoding.UTF8.GetBytes(json.Append('}').ToString());
        using var stream = File.Create(_folder.File("outline.safetensors"));
        stream.Write(BitConverter.GetBytes((ulong)header.Length));
        stream.Write(header);
        stream.SetLength(stream.Position + offset);
        return stream.Name;
    }
}
