using System.Net;
using CtfService.Api.Contracts;
using CtfService.Api.Tests.Description;
using CtfService.Api.Validation;
using CtfService.Core.Generation;
using CtfService.Inference.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace CtfService.Api.Tests.Security;

/// <summary>The priority of a request, and who may ask for which.</summary>
public sealed class PriorityTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly TestApi _api = TestKeys.Api(("Security:ApiKeys:1:MayRequestHighPriority", "true"));

    public Task InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask(); // xunit 2 calls only this one

    [Theory]
    [InlineData(TestKeys.Studio, "interactive", HttpStatusCode.OK)]
    [InlineData(TestKeys.Studio, "batch", HttpStatusCode.OK)]
    [InlineData(TestKeys.Studio, "high", HttpStatusCode.Forbidden)]
    [InlineData(TestKeys.Operator, "high", HttpStatusCode.OK)]
    public async Task Post_Priority_IsForKeysThatMayAskForIt(string key, string priority, HttpStatusCode expected)
    {
        using var response = await _api.PostAs(key, TestApi.Images, $$"""{"class_label": 0, "priority": "{{priority}}"}""");

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Post_HighWithoutPermission_SaysWhoGrantsIt()
    {
        using var response = await _api.PostAs(TestKeys.Studio, TestApi.Images, """{"class_label": 0, "priority": "high"}""");

        var error = await response.Error(HttpStatusCode.Forbidden);
        Assert.Equal(("high_priority_not_allowed", "priority"), (error.Code, error.Param));
        error.AssertIsLikeItsExample(_api, HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Post_FormWithHighWithoutPermission_IsForbidden()
    {
        using var form = new MultipartFormDataContent { { new StringContent("high"), "priority" }, { new StringContent("apple"), "class_label" } };
        form.Add(new ByteArrayContent(Picture()), "image", "picture.png");

        using var response = await _api.Post(TestApi.Variations, form, TestKeys.Bearer(TestKeys.Studio));

        Assert.Equal("high_priority_not_allowed", (await response.Error(HttpStatusCode.Forbidden)).Code);
    }

    [Fact]
    public async Task Post_UnknownPriority_Returns400()
    {
        using var response = await _api.PostAs(TestKeys.Operator, TestApi.Images, """{"class_label": 0, "priority": "urgent"}""");

        var error = await response.Error(HttpStatusCode.BadRequest);
        Assert.Equal("priority is 'urgent'; expected interactive or batch or high.", error.Message);
    }

    [Theory]
    [InlineData(null, ImagePriority.Interactive)]
    [InlineData("interactive", ImagePriority.Interactive)]
    [InlineData("batch", ImagePriority.Batch)]
    [InlineData("high", ImagePriority.High)]
    public void Validate_Priority_IsThatOfTheSubmission(string? asked, ImagePriority expected)
    {
        using var lease = _api.Services.GetRequiredService<IModelRouter>().Lease();
        var validator = _api.Services.GetRequiredService<GenerateImageRequestValidator>();

        var request = validator.Validate(
            new GenerateImageRequest { ClassLabel = new ClassReference(Name: null, Id: 0), Priority = asked }, StringValues.Empty, lease.Model);

        Assert.Equal(expected, request.Submission.Priority);
    }

    private static byte[] Picture() => CtfService.Model.Imaging.ImageCodec.Encode(new RgbImage(8, 8, new byte[8 * 8 * 3]), ImageFormat.Png);
}
