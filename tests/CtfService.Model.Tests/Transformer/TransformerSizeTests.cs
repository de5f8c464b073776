using System.Text.Json;
using CtfService.Model.Transformer;

namespace CtfService.Model.Tests.Transformer;

/// <summary>Sizes by name and by numbers.</summary>
public sealed class TransformerSizeTests
{
    [Theory]
    [InlineData("B", 768, 12, 12, 2048)]
    [InlineData("l", 1024, 24, 16, 2816)]
    [InlineData("XL", 1280, 36, 20, 3584)]
    [InlineData("GPT-XXL", 1536, 48, 24, 4096)]
    [InlineData("3b", 3200, 24, 32, 8704)]
    public void Find_PublishedName_HasThePublishedNumbers(string name, int width, int layers, int heads, int feedForward)
    {
        var size = PublishedTransformers.Find(name)!;

        Assert.Equal((width, layers, heads), (size.Width, size.Layers, size.Heads));
        Assert.Equal(feedForward, TransformerConfig.RoundedFeedForwardWidth(size.Width, size.FeedForwardMultiple));
    }

    [Theory]
    [InlineData("M")]
    [InlineData("")]
    [InlineData("GPT-")]
    public void Find_UnknownName_IsNull(string name) => Assert.Null(PublishedTransformers.Find(name));

    [Theory]
    [InlineData("""{"width":128,"layers":4,"heads":4}""")]
    [InlineData("""{"width":768,"layers":12,"heads":12,"feed_forward_multiple":256}""")]
    public void Json_Numbers_AreWrittenAsTheyWereRead(string json) =>
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<TransformerSize>(json)));

    [Fact]
    public void Json_Name_IsThePublishedSize() => Assert.Equal(PublishedTransformers.Find("B"), JsonSerializer.Deserialize<TransformerSize>("\"B\""));

    [Theory]
    [InlineData("\"M\"", "'M' is not a published size; expected one of B, L, XL, XXL, 3B")]
    [InlineData("3", "a size is neither a name nor an object")]
    [InlineData("""{"width":128,"layers":4}""", "a size has no heads")]
    [InlineData("""{"width":128,"layers":4,"heads":4,"depth":2}""", "a size has 'depth', which is unknown")]
    [InlineData("""{"width":128,"layers":4,"heads":4.5}""", "a size has 'heads', which is unknown or not an integer")]
    [InlineData("""{"width":128,"width":64,"layers":4,"heads":4}""", "a size has 'width' twice")]
    public void Json_Malformed_SaysWhatIsExpected(string json, string message) =>
        Assert.Contains(message, Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<TransformerSize>(json)).Message, StringComparison.Ordinal);
}
