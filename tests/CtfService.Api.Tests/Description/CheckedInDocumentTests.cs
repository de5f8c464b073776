using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Description;

public sealed class CheckedInDocumentTests(TestApi api) : IClassFixture<TestApi>
{
    /// <summary>Set to 1, the test writes docs/openapi.json instead of comparing it.</summary>
    private const string UpdateVariable = "CTF_UPDATE_OPENAPI";

    [Fact]
    public async Task Document_Served_IsTheOneCheckedIn()
    {
        var served = CheckedInDocument.Format((await api.Client.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!);
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            await File.WriteAllTextAsync(CheckedInDocument.Path, served);
        }

        var expected = (await File.ReadAllTextAsync(CheckedInDocument.Path)).Split('\n');
        var actual = served.Split('\n');

        var line = expected.Zip(actual).TakeWhile(pair => pair.First == pair.Second).Count();
        Assert.True(
            expected.SequenceEqual(actual),
            $"The API no longer is what docs/openapi.json says, from line {line + 1} on: '{expected.ElementAtOrDefault(line)}' became '{actual.ElementAtOrDefault(line)}'. "
            + $"If that is meant, run {UpdateVariable}=1 dotnet test tests/CtfService.Api.Tests --filter CheckedInDocument and commit the file.");
    }
}
