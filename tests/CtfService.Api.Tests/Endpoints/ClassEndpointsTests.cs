using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Endpoints;

public sealed class ClassEndpointsTests(TestApi api) : IClassFixture<TestApi>
{
    [Theory]
    [InlineData("/v1/classes", new[] { 0, 1, 2, 3, 4 })]
    [InlineData("/v1/classes?q=", new[] { 0, 1, 2, 3, 4 })]
    [InlineData("/v1/classes?q=APPLE", new[] { 0, 2, 3 })]
    [InlineData("/v1/classes?q=red-a", new[] { 2 })]
    [InlineData("/v1/classes?q=durian", new int[0])]
    public async Task List_WithOrWithoutText_ReturnsTheClassesThatContainIt(string path, int[] expected)
    {
        var answer = await api.Client.GetFromJsonAsync<JsonObject>(path);

        Assert.Equal("list", (string?)answer!["object"]);
        Assert.Equal(expected, answer["data"]!.AsArray().Select(entry => (int)entry!["id"]!));
    }

    [Fact]
    public async Task List_Entry_HasIdAndName()
    {
        var answer = await api.Client.GetFromJsonAsync<JsonObject>("/v1/classes?q=cherry");

        Assert.Equal("""{"id":4,"name":"Cherry"}""", answer!["data"]![0]!.ToJsonString());
    }
}
