using CtfService.Api.Configuration;
using CtfService.Inference;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace CtfService.Api.Tests.Configuration;

public sealed class SettingsTests
{
    [Fact]
    public void ShippedFile_EverySection_SaysTheDefaultsOfTheCode()
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

        Assert.Equal(new ModelOptions(), Strictly<ModelOptions>(file, ModelOptions.SectionName));
        Assert.Equal(new InferenceOptions(), Strictly<InferenceOptions>(file, InferenceOptions.SectionName));
        Assert.Equal(new LimitsOptions(), Strictly<LimitsOptions>(file, LimitsOptions.SectionName));
        Assert.Equal("http://localhost:5080", file["Urls"]);
    }

    [Theory]
    [InlineData(typeof(ModelOptions), ModelOptions.SectionName)]
    [InlineData(typeof(InferenceOptions), InferenceOptions.SectionName)]
    [InlineData(typeof(LimitsOptions), LimitsOptions.SectionName)]
    public void ShippedFile_EveryOption_IsThere(Type options, string section)
    {
        var file = new ConfigurationBuilder().AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json")).Build();

        var missing = options.GetProperties().Select(property => property.Name).Where(key => file[$"{section}:{key}"] is null);

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData("Inference:MaxBatchRows", "1", "Inference:MaxBatchRows is 1; expected between 2 and 4096.")]
    [InlineData("Inference:MaxBatchRows", "4097", "Inference:MaxBatchRows is 4097;")]
    [InlineData("Inference:MaxQueuedImages", "0", "Inference:MaxQueuedImages is 0; expected between 1 and 100000.")]
    [InlineData("Inference:ShutdownBudget", "00:10:01", "Inference:ShutdownBudget is 00:10:01; expected between 00:00:00 and 00:10:00.")]
    [InlineData("Model:Device", "gpu", "Model:Device is gpu; expected auto, cpu, cuda or cuda:N.")]
    [InlineData("Model:Dtype", "int4", "Model:Dtype is int4; expected auto, float32, bfloat16, float16, or int8 on the CPU.")]
    [InlineData("Inference:RequestTimeout", "00:00:00", "Inference:RequestTimeout is 00:00:00;")]
    [InlineData("Limits:MaxGuidanceScale", "0.5", "Limits:MaxGuidanceScale is 0.5; expected between 1 and 1000.")]
    [InlineData("Limits:MaxImagesPerRequest", "0", "Limits:MaxImagesPerRequest is 0;")]
    [InlineData("Limits:MaxImagesPerRequest", "65", "Limits:MaxImagesPerRequest is 65; expected at most 64, the value of Inference:MaxQueuedImages.")]
    [InlineData("Limits:MaxUploadBytes", "1023", "Limits:MaxUploadBytes is 1023; expected between 1024 and 104857600.")]
    [InlineData("Limits:MaxUploadPixels", "100000001", "Limits:MaxUploadPixels is 100000001; expected between 1024 and 100000000.")]
    [InlineData("Model:Bundle", "", "Model:Bundle is empty; expected a value.")]
    public async Task Start_ValueOutOfRange_FailsNamingKeyValueAndRange(string key, string value, string expected)
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => Start($"--{key}={value}"));

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_KeyIsMisspelt_FailsNamingIt()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => Start("--Inference:MaxBatchRow=4"));

        Assert.Contains("MaxBatchRow'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_ValuesGiven_WinOverTheShippedFile()
    {
        await using var app = await Start("--Inference:MaxBatchRows=4", "--Limits:MaxTemperature=1.5", "--urls=http://localhost:1234");

        Assert.Equal(4, app.Services.GetRequiredService<InferenceOptions>().MaxBatchRows);
        Assert.Equal(1.5f, app.Services.GetRequiredService<LimitsOptions>().MaxTemperature);
        Assert.Equal("http://localhost:1234", app.Configuration["Urls"]);
    }

    [Fact]
    public async Task Start_NothingGiven_ReadsTheShippedFile()
    {
        await using var api = new TestApi();
        api.Start();

        Assert.Equal("http://localhost:5080", api.Services.GetRequiredService<IConfiguration>()["Urls"]);
    }

    /// <summary>As far as the host gets before it starts its services: built, and its options validated.</summary>
    private static async Task<WebApplication> Start(params string[] args)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.AddSettings(args);
        var app = builder.Build();
        try
        {
            app.Services.GetRequiredService<IStartupValidator>().Validate();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static TOptions? Strictly<TOptions>(IConfiguration file, string section) =>
        file.GetRequiredSection(section).Get<TOptions>(binder => binder.ErrorOnUnknownConfiguration = true);
}
