using System.Net;
using CtfService.Core.Generation;
using CtfService.Core.Models;
using CtfService.Model.Imaging;

namespace CtfService.Api.Tests.Endpoints;

public sealed class RedetailTests(TestApi api) : IClassFixture<TestApi>
{
    private ImageSpecification Last => api.Generator.Steps[^1][^1];

    [Fact]
    public async Task Redetail_ReturnedLayout_RepeatsItsImageWithTheSameSeed()
    {
        var drawn = (await api.Generate("""{"class_label": "banana", "seed": 5, "include": ["layout"]}""")).Data[0];

        var answer = await api.Redetail(
            $$"""{"layout": [{{string.Join(", ", drawn.Layout!)}}], "class_label": "banana", "seed": 5, "include": ["layout", "tokens"]}""");

        var again = Assert.Single(answer.Data);
        Assert.Equal(ImageCodec.Decode(drawn.File).Pixels, ImageCodec.Decode(again.File).Pixels);
        Assert.Equal((LayoutOrigin.Drawn, LayoutOrigin.Given), (ImageFile.FindProvenance(drawn.File)!.Layout, ImageFile.FindProvenance(again.File)!.Layout));
        Assert.Equal(drawn.Layout, again.Layout);
        Assert.Equal(4, again.Tokens!.Count);
        Assert.Null(drawn.Tokens);
        Assert.Equal(new WireUsage(5, 4, 9), answer.Usage); // the class and four labels in, four tokens out
    }

    [Fact]
    public async Task Redetail_SeveralImages_DrawInOneLayoutWithoutCoarseRows()
    {
        var answer = await api.Redetail("""{"layout": [3, 2, 1, 0], "class_label": 2, "n": 3, "seed": 9, "fine": {"temperature": 0.5}}""");

        Assert.Equal(Enumerable.Range(0, 3).Select(i => ImageSeed.Derive(9, i)), answer.Data.Select(image => image.Seed));
        Assert.Equal([3, 2, 1, 0], Assert.IsType<LayoutSource.Given>(Last.Layout).CoarseLabels);
        Assert.Equal((0, 0.5f), (Last.Rows, Last.Fine.Temperature));
    }

    [Theory]
    [InlineData("""{"class_label": 0}""", "layout", "required", "the 4 coarse labels that include: [\"layout\"] returns")]
    [InlineData("""{"class_label": 0, "layout": [1, 2, 3]}""", "layout", "invalid_layout", "3 coarse labels; expected 4")]
    [InlineData("""{"class_label": 0, "layout": [1, 2, 3, 4]}""", "layout", "invalid_layout", "layout[3] is 4; expected 0 to 3")]
    [InlineData("""{"class_label": 0, "layout": [1, -2, 3, 0]}""", "layout", "invalid_layout", "layout[1] is -2")]
    [InlineData("""{"class_label": 0, "layout": [1, 1.5, 3, 0]}""", "layout", "wrong_type", "a list of integers")]
    [InlineData("""{"class_label": 0, "layout": "1234"}""", "layout", "wrong_type", "a list of integers")]
    [InlineData("""{"layout": [0, 1, 2, 3]}""", "class_label", "required", "0 to 4")]
    [InlineData("""{"layout": [0, 1, 2, 3], "class_label": 0, "temperature": 1}""", "temperature", "unknown_field", "layout, class_label, fine, n, seed")]
    [InlineData("""{"layout": [0, 1, 2, 3], "class_label": 0, "stream": true}""", "stream", "unknown_field", "'stream'")]
    [InlineData("""{"layout": [0, 1, 2, 3], "class_label": 0, "n": 17}""", "n", "out_of_range", "1 to 16")]
    [InlineData("""{"layout": [0, 1, 2, 3], "class_label": 0, "fine": {"top_k": -1}}""", "fine.top_k", "out_of_range", "-1")]
    public async Task Redetail_FieldIsWrong_NamesItAndWhatIsExpected(string json, string param, string code, string hint)
    {
        using var response = await api.Post(TestApi.Details, new StringContent(json, mediaType: new("application/json")));

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal((param, code), (error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }
}
