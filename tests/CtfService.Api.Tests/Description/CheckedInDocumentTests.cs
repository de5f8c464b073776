using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace CtfService.Api.Tests.Description;

public sealed class CheckedInDocumentTests(TestApi api) : IClassFixture<TestApi>
{
    [Fact]
    public async Task Document_Served_IsTheOneCheckedIn()
    {
        var served = CheckedInDocument.Format((await api.Client.GetFromJsonAsync<JsonObject>("/swagger/v1/swagger.json"))!);

        await CheckedInFile.AssertIsAsync(CheckedInDocument.Path, "docs/openapi.json", served, "CTF_UPDATE_OPENAPI", "CheckedInDocument");
    }
}
