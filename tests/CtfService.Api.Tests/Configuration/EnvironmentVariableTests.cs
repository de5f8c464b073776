using CtfService.Api.Configuration;
using CtfService.Api.Security;
using CtfService.Inference.Queue;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Tests.Configuration;

/// <summary>Settings in environment variables. They apply to the whole process, so these tests do not run in parallel.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessEnvironment
{
    public const string Name = "Process environment";
}

[Collection(ProcessEnvironment.Name)]
public sealed class EnvironmentVariableTests
{
    [Fact]
    public async Task Variables_OfEverySection_OverrideTheShippedFile()
    {
        await using var app = Build(
            ("Model__Aliases__0", "gpt-image-1"),
            ("Inference__MaxQueuedImages", "128"),
            ("Limits__HeaderTimeout", "00:00:05"),
            ("Security__ApiKeys__0__Name", "studio"),
            ("Security__ApiKeys__0__Sha256", new string('a', 64)),
            ("Security__ApiKeys__0__Admin", "true"),
            ("Security__AllowedOrigins__0", "https://studio.example.org"),
            ("ASPNETCORE_URLS", "http://0.0.0.0:8080"));

        var key = Assert.Single(app.Services.GetRequiredService<SecurityOptions>().ApiKeys);
        Assert.Equal(("studio", true), (key.Name, key.Admin));
        Assert.Equal(["https://studio.example.org"], app.Services.GetRequiredService<SecurityOptions>().AllowedOrigins);
        Assert.Equal(["gpt-image-1"], app.Services.GetRequiredService<ModelOptions>().Aliases);
        Assert.Equal(128, app.Services.GetRequiredService<InferenceOptions>().MaxQueuedImages);
        Assert.Equal(TimeSpan.FromSeconds(5), app.Services.GetRequiredService<LimitsOptions>().HeaderTimeout);
        Assert.Equal("http://0.0.0.0:8080", app.Configuration["Urls"]);
    }

    [Theory]
    [InlineData("ASPNETCORE_URLS", "http://+:8080", "Urls is 'http://+:8080', which other machines can reach")]
    [InlineData("Kestrel__Endpoints__Http__Url", "http://*:8080", "Kestrel:Endpoints:Http:Url is 'http://*:8080', which other machines can reach")]
    [InlineData("Security__RequestsPerMinute", "many", "Security:RequestsPerMinute is 'many'; expected a whole number between 0 and 1000000.")]
    [InlineData(
        "Limits__MaxHeaders",
        "1",
        "Limits:MaxHeaders is 1; expected between 10 and 1000. Set it in appsettings.json or in the environment variable Limits__MaxHeaders.")]
    public void Variable_WrongValue_FailsTheStartNamingIt(string variable, string value, string expected)
    {
        var error = Assert.Throws<OptionsValidationException>(() => Build((variable, value)));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    /// <summary>Builds the host as Program does and validates its options. Removes the variables before it returns.</summary>
    private static WebApplication Build(params (string Name, string Value)[] variables)
    {
        foreach (var (name, value) in variables)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
            builder.AddSettings([]);
            var app = builder.Build();
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            return app;
        }
        finally
        {
            foreach (var (name, _) in variables)
            {
                Environment.SetEnvironmentVariable(name, null);
            }
        }
    }
}
