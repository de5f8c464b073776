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

    [Fact]
    public async Task Redetail_Keep_GivesTheGeneratorTheTokensThatStay()
    {
        var answer = await api.Redetail(
            """{"layout": [3, 2, 1, 0], "tokens": [15, 2, 9, 12], "keep": [2, 0], "class_label": 2, "include": ["tokens"]}""");

        Assert.Equal([15, LayoutSource.NewToken, 9, LayoutSource.NewToken], Assert.IsType<LayoutSource.Given>(Last.Layout).KeptTokens!);
        Assert.Equal([15, 6, 9, 4], Assert.Single(answer.Data).Tokens!);
    }

    [Fact]
    public async Task Redetail_KeepNothing_IsAsWithout()
    {
        await api.Redetail("""{"layout": [3, 2, 1, 0], "tokens": [1, 1, 1, 1], "keep": [], "class_label": 2}""");

        Assert.Null(Assert.IsType<LayoutSource.Given>(Last.Layout).KeptTokens);
    }

    [Fact]
    public async Task Redetail_OtherKept_HasAnotherETag()
    {
        var tags = new List<string>();
        foreach (var keep in (string[])["[0]", "[0]", "[1]", "[]"])
        {
            using var content = new StringContent(
                $$"""{"layout": [3, 2, 1, 0], "tokens": [15, 2, 9, 12], "keep": {{keep}}, "class_label": 2, "seed": 1}""", mediaType: new("application/json"));
            using var response = await api.Post(TestApi.Details, content);
            tags.Add(response.Headers.ETag!.Tag);
        }

        Assert.Equal(tags[0], tags[1]);
        Assert.Equal(3, tags.Distinct().Count());
    }

    [Theory]
    [InlineData("\"keep\": [0]", "tokens", "required", "Send both or none")]
    [InlineData("\"tokens\": [3, 2, 1, 0]", "keep", "required", "Send both or none")]
    [InlineData("\"keep\": [4], \"tokens\": [3, 2, 1, 0]", "keep", "invalid_position", "keep[0] is 4; expected 0 to 3")]
    [InlineData("\"keep\": [0, -1], \"tokens\": [3, 2, 1, 0]", "keep", "invalid_position", "keep[1] is -1")]
    [InlineData("\"keep\": [1, 0, 1], \"tokens\": [3, 2, 1, 0]", "keep", "duplicate_position", "position 1 2 times")]
    [InlineData("\"keep\": [0], \"tokens\": [3, 2, 1]", "tokens", "invalid_tokens", "3 tokens; expected 4")]
    [InlineData("\"keep\": [0], \"tokens\": [3, 2, 16, 0]", "tokens", "invalid_tokens", "tokens[2] is 16; expected 0 to 15")]
    [InlineData("\"keep\": [1], \"tokens\": [3, 5, 1, 0]", "tokens", "token_outside_cluster", "cluster 1; expected one of cluster 2, which layout[1]")]
    [InlineData("\"keep\": 1, \"tokens\": [3, 2, 1, 0]", "keep", "wrong_type", "a list of integers")]
    [InlineData("\"keep\": [0.5], \"tokens\": [3, 2, 1, 0]", "keep", "wrong_type", "a list of integers")]
    public async Task Redetail_KeepIsWrong_NamesItAndWhatIsExpected(string fields, string param, string code, string hint)
    {
        using var content = new StringContent($$"""{"layout": [3, 2, 1, 0], "class_label": 0, {{fields}}}""", mediaType: new("application/json"));
        using var response = await api.Post(TestApi.Details, content);

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal((param, code), (error.Param, error.Code));
        Assert.Contains(hint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"class_label": 0}""", "layout", "required", "the 4 coarse labels that include: [\"layout\"] returns")]
    [InlineData("""{"class_label": 0, "layout": [1, 2, 3]}""", "layout", "invalid_layout", "3 coarse labels; expected 4")]
    [InlineData("""{"class_label": 0, "layout": [1, 2, 3, 4]}""", "layout", "invalid_layout", "layout[3] is 4; expected 0 to 3")]
    [InlineData("""{"class_label": 0, "layout": [1, -2, 3, 0]}""", "layout", "invalid_layout", "layout[1] is -2")]
    [InlineData("""{"class_label": 0, "layout": [1, 1.5, 3, 0]}""", "layout", "wrong_type", "a list of integers")]
    [InlineData("""{"class_label": 0, "layout": "1234"}""", "layout", "wrong_type", "a list of integers")]
    [InlineData("""{"layout": [0, 1, 2, 3]}""", "class_label", "required", "0 to 4")]
    [InlineData(
        """{"layout": [0, 1, 2, 3], "class_label": 0, "temperature": 1}""", "temperature", "unknown_field", "layout, keep, tokens, class_label, fine, n, seed")]
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
