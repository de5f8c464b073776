using System.Net;
using System.Text.RegularExpressions;
using CtfService.Api.Description;
using Microsoft.Extensions.DependencyInjection;

namespace CtfService.Api.Tests.Description;

/// <summary>Compares an error from the service with its example in docs/openapi.json.</summary>
internal static partial class DocumentedErrors
{
    /// <summary>Asserts that status, code, field and wording are equal. Names in quotes and numbers can differ.</summary>
    public static void AssertIsLikeItsExample(this WireError error, TestApi api, HttpStatusCode status, bool isForOperators = false)
    {
        var path = isForOperators ? "/v1/admin/models" : TestApi.Images;
        var example = Assert.Single(api.Services.GetRequiredService<ErrorExamples>().Of((int)status, path), example => example.Code == error.Code);

        Assert.Equal((Form(example.Message), example.Param), (Form(error.Message), error.Param));
    }

    private static string Form(string message) => Number().Replace(Quoted().Replace(message, "'name'"), "0");

    [GeneratedRegex("'[^']*'")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\d+(\.\d+)?")]
    private static partial Regex Number();
}
